//! The other half of `announce`: tell that the packages are there.
//!
//! Who cannot be told keeps nothing from the others, and nothing of the packages is lost: it is tried again at
//! growing intervals for as long as they are there. The person's time to fetch them begins when everybody was
//! told. A letter goes only to an address that the stores have (not to one that was merely given): the one that
//! was given too, or else the only one. Several may be somebody else's as well, a partner's of old: then nobody
//! is written to, and an officer makes a code. A letter never holds a link to a package.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use contract::outcome::Announcement;
use contract::settings::{Mail, Settings};
use contract::step::{Decision, Outcome, Run};
use domain::event::EventKind;
use domain::export::{DownloadToken, Export};
use domain::plan::identities_of;
use domain::request::Request;
use domain::{Identity, Personal};
use jiff::Timestamp;
use ports::{
    Announcer, Catalogs, Class, Clock, Code, Entropy, Fault, Keyring, Letter, Mailer, Requests, Staging,
    Tenants,
};

use crate::change::{Actor, Amend, Draft, PATIENCE, Scope, amend_plainly, back_off, later};
use crate::codes::Codes;
use crate::error::StepError;
use crate::papers::Papers;
use crate::steps::check_sanctions::{settings, whole_seconds};
use crate::steps::package_export::open_for;

/// What the step needs.
pub struct Ports {
    /// The requests.
    pub requests: Arc<dyn Requests>,
    /// The tenants' settings.
    pub tenants: Arc<dyn Tenants>,
    /// The catalogs.
    pub catalogs: Arc<dyn Catalogs>,
    /// The keys.
    pub keyring: Arc<dyn Keyring>,
    /// The papers.
    pub staging: Arc<dyn Staging>,
    /// Who is told.
    pub announcer: Arc<dyn Announcer>,
    /// Letters to persons.
    pub mailer: Arc<dyn Mailer>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

const WEBHOOK: &str = "webhook";
const TOPIC: &str = "topic";
const MAIL: &str = "mail";

/// What came of telling.
#[derive(Default)]
struct Told {
    /// Who was told so far.
    so_far: BTreeSet<String>,
    /// What is kept of the code that was sent.
    token: Option<DownloadToken>,
    failed: Vec<(&'static str, Fault)>,
    /// Why nobody is written to.
    nowhere: Option<&'static str>,
}

/// What came of the step.
#[derive(Debug)]
pub struct Announced {
    /// What comes next.
    pub decision: Decision,
    /// How many of those that are to be told could not be.
    pub untold: usize,
}

/// No store has an address of the person.
const NO_ADDRESS: &str = "no address in any store";
/// Which of them is the person's today, the stores do not say.
const SEVERAL: &str = "several addresses, and none of them was given";

/// Runs the step.
pub async fn run(ports: &Ports, input: &Run) -> Result<Announced, StepError> {
    let actor = Actor::step("announce");
    let scope = Scope::of_step(&*ports.requests, &*ports.clock, input, &actor);
    let request = scope.load().await?;
    let there = request.export.as_ref().filter(|export| export.is_there());
    let Some(export) = there.filter(|export| export.announced_at.is_none() && !request.cancel_requested)
    else {
        return Ok(Announced { decision: Decision::plain(Outcome::Again), untold: 0 });
    };
    let settings = settings(&*ports.tenants, &request).await?;
    let told = tell(ports, input, &request, export, &settings).await?;
    let until = note(&scope, &settings, &told).await?;
    let decision = Decision { until, ..Decision::plain(Outcome::Download) };
    Ok(Announced { decision, untold: told.failed.len() })
}

async fn tell(
    ports: &Ports,
    input: &Run,
    request: &Request,
    export: &Export,
    settings: &Settings,
) -> Result<Told, StepError> {
    let mut told = Told { so_far: export.told.clone(), ..Told::default() };
    let announcement = announcement(request, export);
    if settings.webhook.is_some() && !told.so_far.contains(WEBHOOK) {
        let webhook = ports.announcer.webhook(settings, &announcement, ports.clock.now()).await;
        told.note(WEBHOOK, webhook);
    }
    if settings.topic && !told.so_far.contains(TOPIC) {
        told.note(TOPIC, ports.announcer.topic(&announcement).await);
    }
    if let Some(mail) = settings.exports.mail.as_ref().filter(|_| !told.so_far.contains(MAIL)) {
        match written(ports, input, (request, export), (settings, mail)).await {
            Ok(Ok((letter, token))) => {
                told.note(MAIL, ports.mailer.send(&letter).await);
                told.token = told.so_far.contains(MAIL).then_some(token);
            }
            Ok(Err(nowhere)) => {
                told.nowhere = Some(nowhere);
                // There is something to fetch, and nobody knows. An officer can make a code meanwhile.
                if told.so_far.is_empty() && export.records > 0 && export.downloads == 0 {
                    let fault =
                        Fault::new(Class::Permanent, Code::AnnouncementFailed, "announce", "mail", nowhere);
                    told.failed.push((MAIL, fault));
                }
            }
            // As when it cannot be sent: that the others were told is not lost.
            Err(StepError::Fault(fault)) => told.failed.push((MAIL, fault)),
            Err(error) => return Err(error),
        }
    }
    Ok(told)
}

/// The letter, and what is kept of the code in it; or why there is nobody to write to.
async fn written(
    ports: &Ports,
    input: &Run,
    (request, export): (&Request, &Export),
    (settings, mail): (&Settings, &Mail),
) -> Result<Result<(Letter, DownloadToken), &'static str>, StepError> {
    let to = match address(ports, input, request).await? {
        Ok(to) => to,
        Err(nowhere) => return Ok(Err(nowhere)),
    };
    let number = export.token.as_ref().map_or(1, |token| token.number.saturating_add(1));
    let codes = Codes::of(&*ports.keyring, &request.tenant, &request.id).await?;
    let letter = letter((request, export), (settings, mail), to, codes.code(number));
    Ok(Ok((letter, codes.token(number, export.expires_at.unwrap_or(Timestamp::MIN)))))
}

impl Told {
    fn note(&mut self, whom: &'static str, outcome: Result<(), Fault>) {
        match outcome {
            Ok(()) => drop(self.so_far.insert(whom.to_owned())),
            Err(fault) => self.failed.push((whom, fault)),
        }
    }
}

fn announcement(request: &Request, export: &Export) -> Announcement {
    let since = export.ready_at.unwrap_or(request.received_at).as_second();
    Announcement {
        id: format!("{}-ready-{since}", request.id),
        tenant: request.tenant.clone(),
        request_id: request.id.clone(),
        kind: request.kind,
        status: domain::Status::Ready,
        closed_at: None,
        expires_at: export.expires_at,
        reason: None,
        unproven: Vec::new(),
        stores: Vec::new(),
    }
}

/// The address of the person: one that the stores have and that was given, or else the only one that they have.
async fn address(
    ports: &Ports,
    input: &Run,
    request: &Request,
) -> Result<Result<Personal, &'static str>, StepError> {
    let papers = Papers { keyring: &*ports.keyring, staging: &*ports.staging, entropy: &*ports.entropy };
    let desk = papers.open(input).await?;
    let Some(plan) = desk.plan(request).await? else { return Ok(Err(NO_ADDRESS)) };
    let catalog = ports.catalogs.get(&request.tenant, &request.catalog_version).await?;
    let given = plan.identities.iter().filter(|known| known.round == 0).map(|known| &known.identity);
    // However it was written: who it is counts.
    let given: BTreeSet<_> = given.filter(|one| is_address(one)).map(|one| &one.value).collect();
    let mut found = BTreeSet::new();
    for store in &catalog.stores {
        let named = |name: &str| {
            let fields = store.collection(name).map(|collection| &collection.fields);
            fields.is_some_and(|fields| fields.values().any(domain::catalog::Field::is_address))
        };
        let pages = plan.last_pages(&store.id).filter(|page| !page.gone && named(&page.collection));
        for page in pages {
            for record in desk.page(&page.object).await?.records {
                let identities = identities_of(&catalog, &store.id, &page.collection, &record);
                for address in identities.into_iter().filter(is_address).map(|identity| identity.value) {
                    if given.contains(&address) {
                        return Ok(Ok(address));
                    }
                    found.insert(address);
                }
                if given.is_empty() && found.len() > 1 {
                    return Ok(Err(SEVERAL));
                }
            }
        }
    }
    let only = found.len() == 1;
    Ok(found.pop_first().map_or(Err(NO_ADDRESS), |address| if only { Ok(address) } else { Err(SEVERAL) }))
}

/// Whether it is an address that a letter can go to: a record may say anything.
fn is_address(identity: &Identity) -> bool {
    let kind = &identity.kind;
    kind.as_str() == "email" && Identity::new(kind.clone(), &identity.value).is_ok()
}

fn letter(
    (request, export): (&Request, &Export),
    (settings, mail): (&Settings, &Mail),
    to: Personal,
    code: Personal,
) -> Letter {
    let until = export.expires_at.map_or_else(String::new, |until| until.to_string());
    let data = BTreeMap::from([
        ("company".to_owned(), Personal::new(&settings.name)),
        ("request".to_owned(), Personal::new(request.id.as_str())),
        ("page".to_owned(), Personal::new(&mail.page)),
        ("code".to_owned(), code),
        ("until".to_owned(), Personal::new(until)),
    ]);
    Letter { to, from: mail.from.clone(), template: mail.template.clone(), data }
}

/// Writes down who was told, and until when the person has time; until when to wait now.
async fn note(scope: &Scope<'_>, settings: &Settings, told: &Told) -> Result<Option<Timestamp>, StepError> {
    let open_for = open_for(settings)?;
    amend_plainly(scope, |mut request| {
        let now = scope.clock.now();
        request.become_status(domain::Status::Ready)?;
        let Some(export) = request.export.as_mut().filter(|export| export.is_there()) else {
            return Ok(Amend::Leave(Some(now)));
        };
        export.told.clone_from(&told.so_far);
        let complete = told.failed.is_empty();
        let until = if complete {
            export.announced_at = Some(now);
            // The time to fetch it begins once it is known.
            export.expires_at = later(now, open_for).and_then(whole_seconds).max(export.expires_at);
            export.expires_at
        } else {
            export.attempts = export.attempts.saturating_add(1);
            let again = later(now, back_off(export.attempts)).and_then(whole_seconds);
            again.into_iter().chain(export.expires_at).min()
        };
        // A code that was made while the letter was on its way stays the newest one.
        if let Some(token) = &told.token
            && export.token.as_ref().is_none_or(|own| own.number < token.number)
        {
            export.token = Some(token.clone());
        }
        // Whichever code was made last, and by whom: it works for as long as the packages are there.
        if let (Some(token), Some(expires_at)) = (&mut export.token, export.expires_at) {
            token.expires_at = expires_at;
        }
        let kind = if complete { EventKind::ExportAnnounced } else { EventKind::ExportNotAnnounced };
        let mut draft = Draft::new(request, kind, now)
            .detail("told", told.so_far.iter().cloned().collect::<Vec<_>>().join(" "));
        if let Some(nowhere) = told.nowhere {
            draft = draft.detail("mail", nowhere);
        }
        for (whom, fault) in &told.failed {
            draft = draft.detail(&format!("failed.{whom}"), fault);
        }
        draft.request.progress_by = until.and_then(|until| later(until, PATIENCE));
        Ok(Amend::commit(draft, until))
    })
    .await
}
