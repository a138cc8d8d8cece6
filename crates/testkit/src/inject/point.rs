//! The calls of the ports, by name.

use ports::Code;

macro_rules! points {
    ($($name:ident = $text:literal, $writes:literal, $code:ident;)*) => {
        /// A call of a port that can fail.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Point { $(#[doc = concat!("`", $text, "`")] $name,)* }

        impl Point {
            /// Every point.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// `port.method`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Whether the call changes anything: for one that only reads, a lost answer is the
            /// same as no call.
            pub fn writes(self) -> bool {
                match self { $(Self::$name => $writes,)* }
            }

            /// What its adapter would report.
            pub(super) fn code(self) -> Code {
                match self { $(Self::$name => Code::$code,)* }
            }
        }
    };
}

points! {
    RequestsCreate = "requests.create", true, ControlUnavailable;
    RequestsRemember = "requests.remember", true, ControlUnavailable;
    RequestsRemembered = "requests.remembered", false, ControlUnavailable;
    RequestsLoad = "requests.load", false, ControlUnavailable;
    RequestsTasks = "requests.tasks", false, ControlUnavailable;
    RequestsEvents = "requests.events", false, ControlUnavailable;
    RequestsStatement = "requests.statement", false, ControlUnavailable;
    RequestsCommit = "requests.commit", true, ControlUnavailable;
    RequestsLockOwner = "requests.lock_owner", false, ControlUnavailable;
    RequestsWaiters = "requests.waiters", false, ControlUnavailable;
    RequestsStopWaiting = "requests.stop_waiting", true, ControlUnavailable;
    RequestsOpenRequests = "requests.open_requests", false, ControlUnavailable;
    RequestsList = "requests.list", false, ControlUnavailable;
    RequestsOverdue = "requests.overdue", false, ControlUnavailable;
    HoldsPlace = "holds.place", true, ControlUnavailable;
    HoldsNoteTooLate = "holds.note_too_late", true, ControlUnavailable;
    HoldsRelease = "holds.release", true, ControlUnavailable;
    HoldsGet = "holds.get", false, ControlUnavailable;
    HoldsStanding = "holds.standing", false, ControlUnavailable;
    HoldsList = "holds.list", false, ControlUnavailable;
    CatalogsGet = "catalogs.get", false, CatalogUnreadable;
    TenantsSettings = "tenants.settings", false, ControlUnavailable;
    TenantsIssuer = "tenants.issuer", false, ControlUnavailable;
    TenantsAll = "tenants.all", false, ControlUnavailable;
    ExecutionsStart = "executions.start", true, ControlUnavailable;
    ExecutionsStop = "executions.stop", true, ControlUnavailable;
    IntakeSend = "intake.send", true, ControlUnavailable;
    KeyringObtain = "keyring.obtain", true, KeyUnavailable;
    KeyringOpen = "keyring.open", false, KeyUnavailable;
    KeyringExists = "keyring.exists", false, KeyUnavailable;
    KeyringDestroy = "keyring.destroy", true, KeyUnavailable;
    KeyringRotate = "keyring.rotate", true, KeyUnavailable;
    KeyringStatus = "keyring.status", false, KeyUnavailable;
    KeyringRewrap = "keyring.rewrap", true, KeyUnavailable;
    LedgerWrite = "ledger.write", true, ControlUnavailable;
    LedgerFind = "ledger.find", false, ControlUnavailable;
    LedgerStanding = "ledger.standing", false, ControlUnavailable;
    LedgerStandings = "ledger.standings", false, ControlUnavailable;
    LedgerReplay = "ledger.replay", false, ControlUnavailable;
    LedgerTake = "ledger.take", true, ControlUnavailable;
    LedgerRunning = "ledger.running", false, ControlUnavailable;
    LedgerNote = "ledger.note", true, ControlUnavailable;
    LedgerFound = "ledger.found", false, ControlUnavailable;
    LedgerStores = "ledger.stores", false, ControlUnavailable;
    PacksNote = "packs.note", true, ControlUnavailable;
    StagingPut = "staging.put", true, ControlUnavailable;
    StagingGet = "staging.get", false, ControlUnavailable;
    StagingDeleteAll = "staging.delete_all", true, ControlUnavailable;
    PackagesBegin = "packages.begin", true, ControlUnavailable;
    PackagesWrite = "packages.write", true, ControlUnavailable;
    PackagesFinish = "packages.finish", true, ControlUnavailable;
    PackagesAbandon = "packages.abandon", true, ControlUnavailable;
    PackagesDestroy = "packages.destroy", true, ControlUnavailable;
    LinksSign = "links.sign", false, ControlUnavailable;
    SignerSign = "signer.sign", false, KeyUnavailable;
    SignerPublicKey = "signer.public_key", false, KeyUnavailable;
    VisitsKeep = "visits.keep", true, ControlUnavailable;
    VisitsKept = "visits.kept", false, ControlUnavailable;
    MailerSend = "mailer.send", true, AnnouncementFailed;
    SanctionsAsk = "sanctions.ask", false, SanctionUnavailable;
    AnnouncerWebhook = "announcer.webhook", true, AnnouncementFailed;
    AnnouncerTopic = "announcer.topic", true, AnnouncementFailed;
    PagerPage = "pager.page", true, PagingFailed;
    LogCopiesAppend = "log_copies.append", true, LogsNotCopied;
    AuditLogHead = "audit_log.head", false, ControlUnavailable;
    AuditLogUnchained = "audit_log.unchained", false, ControlUnavailable;
    AuditLogAppend = "audit_log.append", true, ControlUnavailable;
    AuditLogRead = "audit_log.read", false, ControlUnavailable;
    EvidencePutOnce = "evidence.put_once", true, ControlUnavailable;
    EvidenceGet = "evidence.get", false, ControlUnavailable;
    EvidenceList = "evidence.list", false, ControlUnavailable;
    NotarySign = "notary.sign", false, KeyUnavailable;
    NotaryPublicKey = "notary.public_key", false, KeyUnavailable;
    AuditMarksUnmarked = "audit_marks.unmarked", false, ControlUnavailable;
    DeadLettersPut = "dead_letters.put", true, ControlUnavailable;
    EventListsListed = "event_lists.listed", false, ControlUnavailable;
    EventListsRedrive = "event_lists.redrive", true, ControlUnavailable;
    EventListsSweptTo = "event_lists.swept_to", false, ControlUnavailable;
    EventListsKeepSweptTo = "event_lists.keep_swept_to", true, ControlUnavailable;
    StoresConnector = "stores.connector", false, StoreUnavailable;
    StoresSuppressor = "stores.suppressor", false, StoreUnavailable;
    ConnectorLocate = "connector.locate", false, StoreUnavailable;
    ConnectorLookAgain = "connector.look_again", false, StoreUnavailable;
    ConnectorErase = "connector.erase", true, StoreUnavailable;
    ConnectorConfirmSearch = "connector.confirm_search", false, StoreUnavailable;
    ConnectorConfirmRecords = "connector.confirm_records", false, StoreUnavailable;
    SuppressorSetHidden = "suppressor.set_hidden", true, StoreUnavailable;
    StoresCollector = "stores.collector", false, StoreUnavailable;
    StoresContents = "stores.contents", false, StoreUnavailable;
    CollectorCollect = "collector.collect", false, StoreUnavailable;
    ContentsContent = "contents.content", false, StoreUnavailable;
    ContentsRead = "contents.read", false, StoreUnavailable;
    StoresWalker = "stores.walker", false, StoreUnavailable;
    StoresPlanter = "stores.planter", false, StoreUnavailable;
    WalkerWalk = "walker.walk", false, StoreUnavailable;
    PlanterPlant = "planter.plant", true, StoreUnavailable;
}
