//! The account that a function runs in: its settings, its clients, its adapters.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use domain::TenantId;
use ports::{
    Announcer, AuditLog, AuditMarks, Catalogs, Clock, DeadLetters, Entropy, EventLists, Evidence, Executions,
    Holds, Intake, KeyAdmin, Keyring, Ledger, Links, LogCopies, Mailer, Notary, Packages, Packs, Pager,
    Requests, Sanctions, Signer, Staging, Tenants, Visits,
};

use crate::announcer::Outcomes;
use crate::auth::Verifier;
use crate::catalogs::S3Catalogs;
use crate::dead_letters::SqsDeadLetters;
use crate::dynamo::{
    AuditTable, EventListsTable, HoldsTable, KeysTable, LedgerTable, PacksTable, RegistryTable,
    RequestsTable, VisitsTable,
};
use crate::environment;
use crate::evidence::S3Evidence;
use crate::executions::StepFunctions;
use crate::http::Guard;
use crate::intake::SqsIntake;
use crate::links::{self, NotArn, StsLinks};
use crate::log_copies::CloudWatchCopies;
use crate::mailer::SesMailer;
use crate::notary::KmsNotary;
use crate::packages::S3Packages;
use crate::pager::Pages;
use crate::sanctions::HttpSanctions;
use crate::signer::KmsSigner;
use crate::staging::S3Staging;
use crate::system::{SystemClock, SystemEntropy};

/// A setting that is missing or wrong. Prints as a sentence, also where an error is debug-printed:
/// a function that ends in its `main` is printed like that.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// A variable that is needed is not set.
    #[error("the environment variable {0} is not set; set it in the function's template")]
    Missing(&'static str),
    /// A variable has a value that cannot be used.
    #[error("the environment variable {name} is {problem}")]
    Wrong {
        /// Its name.
        name: &'static str,
        /// What it is, and what it should be.
        problem: String,
    },
}

impl fmt::Debug for AccountError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

const READER: &str = "LACUNA_EXPORT_READER_ROLE";

type Settings = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The account. A setting is read when the adapter that needs it is asked for, so that a function
/// is given no more than it uses; a client is built once.
pub struct Account {
    settings: Settings,
    sdk: SdkConfig,
    clock: Arc<SystemClock>,
    tables: OnceLock<aws_sdk_dynamodb::Client>,
    keys: OnceLock<aws_sdk_kms::Client>,
    keys_table: OnceLock<Arc<KeysTable>>,
    objects: OnceLock<aws_sdk_s3::Client>,
    secrets: OnceLock<aws_sdk_secretsmanager::Client>,
    machines: OnceLock<aws_sdk_sfn::Client>,
    topics: OnceLock<aws_sdk_sns::Client>,
    queues: OnceLock<aws_sdk_sqs::Client>,
    guard: OnceLock<Guard>,
}

impl Account {
    /// The account that the environment names, with the SDK's usual way to find region and
    /// credentials.
    pub async fn from_env() -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_attempt_timeout(Duration::from_secs(10))
            .operation_timeout(Duration::from_secs(30))
            .build();
        let sdk = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::standard())
            .timeout_config(timeouts)
            .load()
            .await;
        Self::new(sdk, environment::read)
    }

    /// An account with these SDK settings and variables.
    pub fn new(sdk: SdkConfig, settings: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self {
            settings: Box::new(settings),
            sdk,
            clock: Arc::new(SystemClock),
            tables: OnceLock::new(),
            keys: OnceLock::new(),
            keys_table: OnceLock::new(),
            objects: OnceLock::new(),
            secrets: OnceLock::new(),
            machines: OnceLock::new(),
            topics: OnceLock::new(),
            queues: OnceLock::new(),
            guard: OnceLock::new(),
        }
    }

    /// The machine's clock.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    /// The machine's randomness.
    pub fn entropy(&self) -> Arc<dyn Entropy> {
        Arc::new(SystemEntropy)
    }

    /// The `requests` table: `LACUNA_REQUESTS_TABLE`. A function that changes nothing on condition
    /// of a hold may be without `LACUNA_HOLDS_TABLE`; such a change would then be refused.
    pub fn requests(&self) -> Result<Arc<dyn Requests>, AccountError> {
        Ok(Arc::new(RequestsTable::new(
            self.tables(),
            self.setting("LACUNA_REQUESTS_TABLE")?,
            self.optional("LACUNA_HOLDS_TABLE"),
            self.clock(),
        )))
    }

    /// The `holds` table: `LACUNA_HOLDS_TABLE`, and `LACUNA_REQUESTS_TABLE` for its events.
    pub fn holds(&self) -> Result<Arc<dyn Holds>, AccountError> {
        Ok(Arc::new(HoldsTable::new(
            self.tables(),
            self.setting("LACUNA_HOLDS_TABLE")?,
            self.setting("LACUNA_REQUESTS_TABLE")?,
            self.clock(),
        )))
    }

    /// The events by the minute of their commit: in `LACUNA_REQUESTS_TABLE`.
    pub fn event_lists(&self) -> Result<Arc<dyn EventLists>, AccountError> {
        Ok(Arc::new(EventListsTable::new(self.tables(), self.setting("LACUNA_REQUESTS_TABLE")?)))
    }

    /// The `ledger` table: `LACUNA_LEDGER_TABLE`, and `LACUNA_REQUESTS_TABLE` for its events.
    pub fn ledger(&self) -> Result<Arc<dyn Ledger>, AccountError> {
        Ok(Arc::new(LedgerTable::new(
            self.tables(),
            self.setting("LACUNA_LEDGER_TABLE")?,
            self.setting("LACUNA_REQUESTS_TABLE")?,
            self.clock(),
        )))
    }

    /// Evidence packs on record: in `LACUNA_REQUESTS_TABLE`.
    pub fn packs(&self) -> Result<Arc<dyn Packs>, AccountError> {
        Ok(Arc::new(PacksTable::new(self.tables(), self.setting("LACUNA_REQUESTS_TABLE")?, self.clock())))
    }

    /// The `audit` table: `LACUNA_AUDIT_TABLE`.
    pub fn audit_log(&self) -> Result<Arc<dyn AuditLog>, AccountError> {
        Ok(Arc::new(AuditTable::new(self.tables(), self.setting("LACUNA_AUDIT_TABLE")?)))
    }

    /// What the `audit` table says of single events: `LACUNA_AUDIT_TABLE`.
    pub fn audit_marks(&self) -> Result<Arc<dyn AuditMarks>, AccountError> {
        Ok(Arc::new(AuditTable::new(self.tables(), self.setting("LACUNA_AUDIT_TABLE")?)))
    }

    /// The audit's dead-letter queue: `LACUNA_AUDIT_DEAD_LETTERS`, its URL.
    pub fn dead_letters(&self) -> Result<Arc<dyn DeadLetters>, AccountError> {
        Ok(Arc::new(SqsDeadLetters::new(self.queues(), self.setting("LACUNA_AUDIT_DEAD_LETTERS")?)))
    }

    /// The `registry` table: `LACUNA_REGISTRY_TABLE`.
    pub fn tenants(&self) -> Result<Arc<dyn Tenants>, AccountError> {
        Ok(Arc::new(RegistryTable::new(self.tables(), self.setting("LACUNA_REGISTRY_TABLE")?, self.clock())))
    }

    /// The `keys` table: `LACUNA_KEYS_TABLE`, under the key `LACUNA_KMS_KEY`.
    pub fn keyring(&self) -> Result<Arc<dyn Keyring>, AccountError> {
        Ok(self.keys_table()?)
    }

    /// The same, for rotation. It shares what the keyring keeps: what is rotated by the one is sealed
    /// under its new version by the other at once.
    pub fn key_admin(&self) -> Result<Arc<dyn KeyAdmin>, AccountError> {
        Ok(self.keys_table()?)
    }

    fn keys_table(&self) -> Result<Arc<KeysTable>, AccountError> {
        let (table, root) = (self.setting("LACUNA_KEYS_TABLE")?, self.setting("LACUNA_KMS_KEY")?);
        let made = self.keys_table.get_or_init(|| {
            Arc::new(KeysTable::new(self.tables(), self.keys(), table, root, (self.clock(), self.entropy())))
        });
        Ok(Arc::clone(made))
    }

    /// The staging bucket: `LACUNA_STAGING_BUCKET`.
    pub fn staging(&self) -> Result<Arc<dyn Staging>, AccountError> {
        Ok(Arc::new(S3Staging::new(self.objects(), self.setting("LACUNA_STAGING_BUCKET")?)))
    }

    /// The published catalogs: `LACUNA_CATALOG_BUCKET`, and `LACUNA_CATALOG_VERSION` in functions
    /// that choose a version.
    pub fn catalogs(&self) -> Result<Arc<dyn Catalogs>, AccountError> {
        Ok(Arc::new(S3Catalogs::new(
            self.objects(),
            self.setting("LACUNA_CATALOG_BUCKET")?,
            self.optional("LACUNA_CATALOG_VERSION"),
        )))
    }

    /// The exports bucket: `LACUNA_EXPORTS_BUCKET`, encrypted under `LACUNA_EXPORTS_KEY`, its ARN.
    pub fn packages(&self) -> Result<Arc<dyn Packages>, AccountError> {
        // A part of a package is more than anything else that is sent.
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .operation_attempt_timeout(Duration::from_secs(30))
            .operation_timeout(Duration::from_secs(90))
            .build();
        let config = self.objects_config().timeout_config(timeouts).build();
        Ok(Arc::new(S3Packages::new(
            aws_sdk_s3::Client::from_conf(config),
            self.setting("LACUNA_EXPORTS_BUCKET")?,
            self.setting("LACUNA_EXPORTS_KEY")?,
        )))
    }

    /// Links into `LACUNA_EXPORTS_BUCKET`, signed by sessions of `LACUNA_EXPORT_READER_ROLE`, its ARN, which
    /// may decrypt under `LACUNA_EXPORTS_KEY`, its ARN.
    pub fn links(&self) -> Result<Arc<dyn Links>, AccountError> {
        const KEY: &str = "LACUNA_EXPORTS_KEY";
        let bucket = self.setting("LACUNA_EXPORTS_BUCKET")?;
        let (role, key) = (self.setting(READER)?, self.setting(KEY)?);
        let name = if links::is_arn(&role) { KEY } else { READER };
        StsLinks::new(
            aws_sdk_sts::Client::new(&self.sdk),
            self.objects_config(),
            bucket,
            role,
            key,
            self.clock(),
        )
        .map(|links| Arc::new(links) as Arc<dyn Links>)
        .map_err(|error| AccountError::Wrong { name, problem: error.to_string() })
    }

    /// The role whose sessions sign links: `LACUNA_EXPORT_READER_ROLE`, its ARN.
    pub fn export_reader(&self) -> Result<String, AccountError> {
        let role = self.setting(READER)?;
        if links::is_arn(&role) {
            return Ok(role);
        }
        Err(AccountError::Wrong { name: READER, problem: NotArn.to_string() })
    }

    /// The evidence bucket: `LACUNA_EVIDENCE_BUCKET`.
    pub fn evidence(&self) -> Result<Arc<dyn Evidence>, AccountError> {
        Ok(Arc::new(S3Evidence::new(self.objects(), self.setting("LACUNA_EVIDENCE_BUCKET")?)))
    }

    /// Who signs notes: `LACUNA_NOTARY_KEY`, its ARN or id.
    pub fn notary(&self) -> Result<Arc<dyn Notary>, AccountError> {
        Ok(Arc::new(KmsNotary::new(self.keys(), self.setting("LACUNA_NOTARY_KEY")?)))
    }

    /// What the names of this deployment's logs begin with: `LACUNA_LOG_NAME`. A tenant's name follows after a
    /// slash, and the whole is the name of a key (<https://c2sp.org/signed-note>).
    pub fn log_name(&self) -> Result<String, AccountError> {
        const NAME: &str = "LACUNA_LOG_NAME";
        let name = self.setting(NAME)?;
        if is_log_name(&name) {
            return Ok(name);
        }
        let problem =
            "not a log's name: a host, and what follows it, of letters, digits, `.`, `-`, `_` and `/`";
        Err(AccountError::Wrong { name: NAME, problem: problem.to_owned() })
    }

    /// Masked copies of log groups.
    pub fn log_copies(&self) -> Arc<dyn LogCopies> {
        Arc::new(CloudWatchCopies::new(aws_sdk_cloudwatchlogs::Client::new(&self.sdk)))
    }

    /// By whose rules log lines are masked: `LACUNA_MASKED_LOGS_TENANT`, a tenant or `none`.
    pub fn masked_logs_tenant(&self) -> Result<Option<TenantId>, AccountError> {
        const NAME: &str = "LACUNA_MASKED_LOGS_TENANT";
        match self.setting(NAME)?.as_str() {
            "none" => Ok(None),
            tenant => tenant.parse().map(Some).map_err(|_| AccountError::Wrong {
                name: NAME,
                problem: "neither a tenant nor none".to_owned(),
            }),
        }
    }

    /// The log group that this function writes to: `AWS_LAMBDA_LOG_GROUP_NAME`, which Lambda sets. Empty where nothing does.
    pub fn own_logs(&self) -> String {
        self.optional("AWS_LAMBDA_LOG_GROUP_NAME")
    }

    /// From where packages were fetched: in `LACUNA_KEYS_TABLE`.
    pub fn visits(&self) -> Result<Arc<dyn Visits>, AccountError> {
        Ok(Arc::new(VisitsTable::new(self.tables(), self.setting("LACUNA_KEYS_TABLE")?)))
    }

    /// The signing key: `LACUNA_SIGNING_KEY`, its ARN or id.
    pub fn signer(&self) -> Result<Arc<dyn Signer>, AccountError> {
        Ok(Arc::new(KmsSigner::new(self.keys(), self.setting("LACUNA_SIGNING_KEY")?)))
    }

    /// Letters, with the configuration set `LACUNA_MAIL_CONFIGURATION_SET` if there is one.
    pub fn mailer(&self) -> Arc<dyn Mailer> {
        let set = self.optional("LACUNA_MAIL_CONFIGURATION_SET");
        let client = aws_sdk_sesv2::Client::new(&self.sdk);
        Arc::new(SesMailer::new(client, Some(set).filter(|set| !set.is_empty())))
    }

    /// The lifecycle: `LACUNA_STATE_MACHINE`, the ARN of the machine, an alias or a version.
    pub fn executions(&self) -> Result<Arc<dyn Executions>, AccountError> {
        const NAME: &str = "LACUNA_STATE_MACHINE";
        let client = self.machines.get_or_init(|| aws_sdk_sfn::Client::new(&self.sdk)).clone();
        StepFunctions::new(client, self.setting(NAME)?)
            .map(|machine| Arc::new(machine) as Arc<dyn Executions>)
            .map_err(|error| AccountError::Wrong { name: NAME, problem: error.to_string() })
    }

    /// The intake queue: `LACUNA_INTAKE_QUEUE`, its URL.
    pub fn intake(&self) -> Result<Arc<dyn Intake>, AccountError> {
        Ok(Arc::new(SqsIntake::new(self.queues(), self.setting("LACUNA_INTAKE_QUEUE")?)))
    }

    /// Sanction sources, asked through the guard.
    pub fn sanctions(&self) -> Result<Arc<dyn Sanctions>, AccountError> {
        Ok(Arc::new(HttpSanctions::new(self.guard()?)))
    }

    /// Webhooks through the guard, and the topic: `LACUNA_OUTCOME_TOPIC`, its ARN.
    pub fn announcer(&self) -> Result<Arc<dyn Announcer>, AccountError> {
        let secrets = self.secrets.get_or_init(|| aws_sdk_secretsmanager::Client::new(&self.sdk)).clone();
        let topics = self.topics.get_or_init(|| aws_sdk_sns::Client::new(&self.sdk)).clone();
        Ok(Arc::new(Outcomes::new(
            self.guard()?,
            secrets,
            self.clock(),
            topics,
            self.setting("LACUNA_OUTCOME_TOPIC")?,
        )))
    }

    /// The topic that owners of stores are paged on: `LACUNA_PAGES_TOPIC`, its ARN.
    pub fn pager(&self) -> Result<Arc<dyn Pager>, AccountError> {
        let topics = self.topics.get_or_init(|| aws_sdk_sns::Client::new(&self.sdk)).clone();
        Ok(Arc::new(Pages::new(topics, self.setting("LACUNA_PAGES_TOPIC")?)))
    }

    /// What checks tokens: the registry, and key sets through the guard.
    pub fn verifier(&self) -> Result<Arc<Verifier>, AccountError> {
        Ok(Arc::new(Verifier::new(self.tenants()?, self.guard()?, self.clock())))
    }

    fn guard(&self) -> Result<Guard, AccountError> {
        const NAME: &str = "LACUNA_ALLOW_LOOPBACK";
        let allow_loopback = match self.optional(NAME).as_str() {
            "true" => true,
            "" | "false" => false,
            _ => {
                return Err(AccountError::Wrong { name: NAME, problem: "neither true nor false".to_owned() });
            }
        };
        Ok(self.guard.get_or_init(|| Guard::new(allow_loopback)).clone())
    }

    fn tables(&self) -> aws_sdk_dynamodb::Client {
        self.tables.get_or_init(|| aws_sdk_dynamodb::Client::new(&self.sdk)).clone()
    }

    fn objects(&self) -> aws_sdk_s3::Client {
        self.objects.get_or_init(|| aws_sdk_s3::Client::from_conf(self.objects_config().build())).clone()
    }

    fn objects_config(&self) -> aws_sdk_s3::config::Builder {
        // Another endpoint has no name of its own for every bucket.
        let elsewhere = self.sdk.endpoint_url().is_some() || (self.settings)("AWS_ENDPOINT_URL_S3").is_some();
        aws_sdk_s3::config::Builder::from(&self.sdk).force_path_style(elsewhere)
    }

    fn keys(&self) -> aws_sdk_kms::Client {
        self.keys.get_or_init(|| aws_sdk_kms::Client::new(&self.sdk)).clone()
    }

    fn queues(&self) -> aws_sdk_sqs::Client {
        self.queues.get_or_init(|| aws_sdk_sqs::Client::new(&self.sdk)).clone()
    }

    fn setting(&self, name: &'static str) -> Result<String, AccountError> {
        (self.settings)(name).ok_or(AccountError::Missing(name))
    }

    fn optional(&self, name: &'static str) -> String {
        (self.settings)(name).unwrap_or_default()
    }
}

/// A URL without its scheme (<https://c2sp.org/tlog-checkpoint>), of parts that are not empty. Stricter than the name
/// of a key has to be, so that it is also a part of an object's key and of a file's name.
fn is_log_name(name: &str) -> bool {
    let is_part = |part: &str| {
        let mut all = part.bytes();
        part.bytes().any(|b| b != b'.') && all.all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
    };
    name.len() <= 255 && name.split('/').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [(&str, &str); 25] = [
        ("LACUNA_MASKED_LOGS_TENANT", "demo"),
        ("LACUNA_LEDGER_TABLE", "lacuna-ledger"),
        ("LACUNA_REQUESTS_TABLE", "lacuna-requests"),
        ("LACUNA_AUDIT_TABLE", "lacuna-audit"),
        ("LACUNA_HOLDS_TABLE", "lacuna-holds"),
        ("LACUNA_KEYS_TABLE", "lacuna-keys"),
        ("LACUNA_REGISTRY_TABLE", "lacuna-registry"),
        ("LACUNA_STAGING_BUCKET", "lacuna-staging"),
        ("LACUNA_CATALOG_BUCKET", "lacuna-catalog"),
        ("LACUNA_CATALOG_VERSION", "00"),
        ("LACUNA_KMS_KEY", "key"),
        ("LACUNA_INTAKE_QUEUE", "http://localhost/1/lacuna-intake"),
        ("LACUNA_STATE_MACHINE", "arn:aws:states:us-east-1:1:stateMachine:lacuna-lifecycle"),
        ("LACUNA_OUTCOME_TOPIC", "arn:aws:sns:us-east-1:1:outcomes"),
        ("LACUNA_PAGES_TOPIC", "arn:aws:sns:us-east-1:1:pages"),
        ("LACUNA_ALLOW_LOOPBACK", "true"),
        ("LACUNA_EXPORTS_BUCKET", "lacuna-exports"),
        ("LACUNA_EXPORTS_KEY", "arn:aws:kms:us-east-1:1:key/2"),
        ("LACUNA_EXPORT_READER_ROLE", "arn:aws:iam::1:role/reader"),
        ("LACUNA_SIGNING_KEY", "arn:aws:kms:us-east-1:1:key/3"),
        ("LACUNA_MAIL_CONFIGURATION_SET", "lacuna"),
        ("LACUNA_EVIDENCE_BUCKET", "lacuna-evidence"),
        ("LACUNA_NOTARY_KEY", "arn:aws:kms:us-east-1:1:key/4"),
        ("LACUNA_LOG_NAME", "lacuna.invalid/lacuna"),
        ("LACUNA_AUDIT_DEAD_LETTERS", "http://localhost/1/lacuna-audit-dead"),
    ];

    fn account(without: &str) -> Account {
        let sdk = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build();
        let without = without.to_owned();
        Account::new(sdk, move |name| {
            ALL.iter()
                .find(|(known, _)| *known == name && name != without)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    type Ask = fn(&Account) -> Result<(), AccountError>;

    const ADAPTERS: [(&str, Ask, &[&str]); 28] = [
        ("masked_logs_tenant", |a| a.masked_logs_tenant().map(drop), &["LACUNA_MASKED_LOGS_TENANT"]),
        ("ledger", |a| a.ledger().map(drop), &["LACUNA_LEDGER_TABLE", "LACUNA_REQUESTS_TABLE"]),
        ("packs", |a| a.packs().map(drop), &["LACUNA_REQUESTS_TABLE"]),
        ("requests", |a| a.requests().map(drop), &["LACUNA_REQUESTS_TABLE"]),
        ("holds", |a| a.holds().map(drop), &["LACUNA_HOLDS_TABLE", "LACUNA_REQUESTS_TABLE"]),
        ("audit_log", |a| a.audit_log().map(drop), &["LACUNA_AUDIT_TABLE"]),
        ("audit_marks", |a| a.audit_marks().map(drop), &["LACUNA_AUDIT_TABLE"]),
        ("dead_letters", |a| a.dead_letters().map(drop), &["LACUNA_AUDIT_DEAD_LETTERS"]),
        ("event_lists", |a| a.event_lists().map(drop), &["LACUNA_REQUESTS_TABLE"]),
        ("tenants", |a| a.tenants().map(drop), &["LACUNA_REGISTRY_TABLE"]),
        ("keyring", |a| a.keyring().map(drop), &["LACUNA_KEYS_TABLE", "LACUNA_KMS_KEY"]),
        ("key_admin", |a| a.key_admin().map(drop), &["LACUNA_KEYS_TABLE", "LACUNA_KMS_KEY"]),
        ("staging", |a| a.staging().map(drop), &["LACUNA_STAGING_BUCKET"]),
        ("catalogs", |a| a.catalogs().map(drop), &["LACUNA_CATALOG_BUCKET"]),
        ("executions", |a| a.executions().map(drop), &["LACUNA_STATE_MACHINE"]),
        ("intake", |a| a.intake().map(drop), &["LACUNA_INTAKE_QUEUE"]),
        ("sanctions", |a| a.sanctions().map(drop), &[]),
        ("announcer", |a| a.announcer().map(drop), &["LACUNA_OUTCOME_TOPIC"]),
        ("pager", |a| a.pager().map(drop), &["LACUNA_PAGES_TOPIC"]),
        ("verifier", |a| a.verifier().map(drop), &["LACUNA_REGISTRY_TABLE"]),
        ("packages", |a| a.packages().map(drop), &["LACUNA_EXPORTS_BUCKET", "LACUNA_EXPORTS_KEY"]),
        (
            "links",
            |a| a.links().map(drop),
            &["LACUNA_EXPORTS_BUCKET", "LACUNA_EXPORTS_KEY", "LACUNA_EXPORT_READER_ROLE"],
        ),
        ("export_reader", |a| a.export_reader().map(drop), &["LACUNA_EXPORT_READER_ROLE"]),
        ("signer", |a| a.signer().map(drop), &["LACUNA_SIGNING_KEY"]),
        ("evidence", |a| a.evidence().map(drop), &["LACUNA_EVIDENCE_BUCKET"]),
        ("notary", |a| a.notary().map(drop), &["LACUNA_NOTARY_KEY"]),
        ("log_name", |a| a.log_name().map(drop), &["LACUNA_LOG_NAME"]),
        (
            "mailer",
            |a| {
                drop(a.mailer());
                Ok(())
            },
            &[],
        ),
    ];

    #[tokio::test]
    async fn an_adapter_needs_its_own_variables_and_no_others() {
        for (adapter, ask, needs) in ADAPTERS {
            assert_eq!(ask(&account("")), Ok(()), "{adapter}");
            for (name, _) in ALL {
                let expect = if needs.contains(&name) { Err(AccountError::Missing(name)) } else { Ok(()) };
                assert_eq!(ask(&account(name)), expect, "{adapter} without {name}");
            }
        }
    }

    #[test]
    fn a_logs_name_is_a_host_and_what_follows_it() {
        for name in ["lacuna.invalid/shop", "example.com", "logs.example.com/lacuna/eu-west-1"] {
            assert!(is_log_name(name), "{name}");
        }
        let long = "a".repeat(256);
        for not in [
            "",
            "/",
            "a/",
            "/a",
            "a//b",
            "a b",
            "a+b",
            "a\n",
            "https://a.example",
            "a/..",
            "é.example",
            &long,
        ] {
            assert!(!is_log_name(not), "{not:?}");
        }
    }

    #[tokio::test]
    async fn a_wrong_variable_is_named() {
        let sdk = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build();
        let account = Account::new(sdk, |name| {
            Some(if name.ends_with("TENANT") { "No One" } else { "yes" }.to_owned())
        });
        let error = account.sanctions().map(drop).expect_err("wrong");
        assert_eq!(
            format!("{error:?}"),
            "the environment variable LACUNA_ALLOW_LOOPBACK is neither true nor false"
        );
        let error = account.links().map(drop).expect_err("wrong");
        assert!(error.to_string().contains("LACUNA_EXPORT_READER_ROLE is not an ARN"));
        let error = account.export_reader().expect_err("wrong");
        assert!(error.to_string().contains("LACUNA_EXPORT_READER_ROLE is not an ARN"));
        let error = account.masked_logs_tenant().expect_err("wrong");
        assert!(error.to_string().contains("LACUNA_MASKED_LOGS_TENANT is neither a tenant nor none"));
        let error = account.executions().map(drop).expect_err("wrong");
        assert!(error.to_string().contains("LACUNA_STATE_MACHINE"));
    }
}
