//! The papers of a request: what is sealed under its plan key in the staging bucket.
//!
//! ```text
//! intake/{tenant}/{request}                                the identities given, until the first plan has them
//! intake/{tenant}/{request}.recipient                      for whom its packages are encrypted, until then
//! plans/{tenant}/{request}/recipient                       the same, from then on; both are empty once no package is made again
//! plans/{tenant}/{request}/plan-{random}                   a plan; the request names the one in force
//! rechecks/{tenant}/{request}/{plan}/paper-{random}        what its stores are read again by, under a key of its own
//! rechecks/{tenant}/{request}/{plan}/{n}                   values that this looks for
//! plans/{tenant}/{request}/g{generation}/p{pass}/r{round}/{store}/{n}   a page of located records
//! ```
//!
//! A plan is never overwritten, and a page only by the same execution: an execution that was
//! superseded cannot reach the papers of its successor.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use contract::step::Run;
use domain::export::SealedFor;
use domain::ledger::{Clue, KnownKey};
use domain::pii::exposed;
use domain::plan::{MOST_IDENTITIES, Page, Plan};
use domain::{Generation, Identity, Personal, Request, RequestId, StoreId, TenantId};
use export::{Recipient, RecipientError};
use ports::{Class, Code, Entropy, Fault, KeyScope, Keyring, Staging};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use vault::{Context, DataKey};
use zeroize::Zeroizing;

/// Bytes of one piece of a paper that may be large.
const PIECE: usize = 4 << 20;

use crate::asked::Asked;
use crate::error::StepError;
use domain::request::PlanRef;

/// Where all papers of a request are.
pub fn papers_prefix(tenant: &TenantId, id: &RequestId) -> String {
    format!("plans/{tenant}/{id}/")
}

/// Where what a request's stores are read again by is. It stays when the papers go.
pub(crate) fn recheck_prefix(tenant: &TenantId, id: &RequestId) -> String {
    format!("rechecks/{tenant}/{id}/")
}

/// Where the identities are that were given. They are sealed before the request exists, so a crash
/// in between leaves them without anybody who closes the request: the bucket expires this prefix,
/// and no other, since a plan must live as long as its request is held.
pub fn subject_object(tenant: &TenantId, id: &RequestId) -> String {
    format!("intake/{tenant}/{id}")
}

fn recipient_object(tenant: &TenantId, id: &RequestId) -> String {
    format!("{}.recipient", subject_object(tenant, id))
}

fn recipient_kept(tenant: &TenantId, id: &RequestId) -> String {
    format!("{}recipient", papers_prefix(tenant, id))
}

/// For whom a request's packages are encrypted.
#[derive(Serialize, Deserialize)]
pub enum Sealing {
    /// For an age recipient.
    #[serde(with = "exposed")]
    Age(Personal),
    /// For whoever knows a passphrase.
    #[serde(with = "exposed")]
    Passphrase(Personal),
}

impl Sealing {
    /// As the package needs it.
    pub(crate) fn recipient(&self) -> Result<Recipient, RecipientError> {
        match self {
            Self::Age(text) => Recipient::parse(text.expose()),
            Self::Passphrase(text) => Recipient::passphrase(text),
        }
    }
}

/// What a request begins with. Whoever submits one gives identities, and they are filed alone; keys are only in what
/// Lacuna asks for itself, from the erasure ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Filed")]
pub struct Subject {
    /// What the person is known by.
    pub identities: Vec<Identity>,
    /// What refers to the person's records, and what these refer to.
    pub keys: Vec<KnownKey>,
}

/// Keys, and identities, that one request begins with at the most; locating brings the others.
pub(crate) const MOST_SEEDS: usize = 5_000;

impl Subject {
    /// Adds clues; `false` if all were there, or no more are taken.
    pub(crate) fn add(&mut self, more: &BTreeSet<Clue>) -> bool {
        let before = (self.identities.len(), self.keys.len());
        for clue in more {
            match clue {
                // So many are one person's: more of them are too many for locating, which says so.
                Clue::Identity(identity) if self.identities.len() <= MOST_IDENTITIES => {
                    if !self.identities.contains(identity) {
                        self.identities.push(identity.clone());
                    }
                }
                Clue::Key(key) if self.keys.len() < MOST_SEEDS => {
                    if !self.keys.contains(key) {
                        self.keys.push(key.clone());
                    }
                }
                Clue::Identity(_) | Clue::Key(_) => {}
            }
        }
        before != (self.identities.len(), self.keys.len())
    }

    /// All of it, as clues.
    pub(crate) fn clues(self) -> BTreeSet<Clue> {
        let identities = self.identities.into_iter().map(Clue::Identity);
        identities.chain(self.keys.into_iter().map(Clue::Key)).collect()
    }
}

/// The two forms in which it is filed.
#[derive(Deserialize)]
#[serde(untagged)]
enum Filed {
    Given(Vec<Identity>),
    Seeds { identities: Vec<Identity>, keys: Vec<KnownKey> },
}

impl From<Filed> for Subject {
    fn from(filed: Filed) -> Self {
        match filed {
            Filed::Given(identities) => Self { identities, keys: Vec::new() },
            Filed::Seeds { identities, keys } => Self { identities, keys },
        }
    }
}

/// What reading and writing papers needs.
#[derive(Clone, Copy)]
pub struct Papers<'a> {
    /// The keys.
    pub keyring: &'a dyn Keyring,
    /// The bucket.
    pub staging: &'a dyn Staging,
    /// Salts and names.
    pub entropy: &'a dyn Entropy,
}

/// The papers of one request, with its key at hand.
pub struct Desk<'a> {
    papers: Papers<'a>,
    tenant: TenantId,
    id: RequestId,
    key: DataKey,
}

impl<'a> Papers<'a> {
    /// Seals the given identities under a new plan key, before the request exists.
    pub async fn file_subject(
        &self,
        tenant: &TenantId,
        id: &RequestId,
        given: &Vec<Identity>,
        sealing: Option<&Sealing>,
    ) -> Result<String, StepError> {
        let key = self.keyring.obtain(&KeyScope::Plan(tenant.clone(), id.clone())).await?;
        let desk = Desk { papers: *self, tenant: tenant.clone(), id: id.clone(), key };
        let object = subject_object(tenant, id);
        desk.put(&object, "subject", given).await?;
        if let Some(sealing) = sealing {
            desk.put(&recipient_object(tenant, id), "recipient", sealing).await?;
        }
        Ok(object)
    }

    /// Adds to what a request is to be made with, which Lacuna asks for itself; in whatever order, and however often.
    pub(crate) async fn file_seeds(
        &self,
        tenant: &TenantId,
        id: &RequestId,
        more: &BTreeSet<Clue>,
    ) -> Result<Subject, StepError> {
        let key = self.keyring.obtain(&KeyScope::Plan(tenant.clone(), id.clone())).await?;
        let desk = Desk { papers: *self, tenant: tenant.clone(), id: id.clone(), key };
        let object = subject_object(tenant, id);
        let mut subject: Subject = desk.find(&object, "subject").await?.unwrap_or_default();
        if subject.add(more) {
            desk.put(&object, "subject", &subject).await?;
        }
        Ok(subject)
    }

    /// Removes all papers of a request. Doing it twice is fine.
    pub async fn remove(staging: &dyn Staging, tenant: &TenantId, id: &RequestId) -> Result<(), Fault> {
        Self::remove_subject(staging, tenant, id).await?;
        crate::staged::remove(staging, tenant, id).await?;
        staging.delete_all(&papers_prefix(tenant, id)).await
    }

    /// Removes what was filed for a request before it exists. Doing it twice is fine.
    pub(crate) async fn remove_subject(
        staging: &dyn Staging,
        tenant: &TenantId,
        id: &RequestId,
    ) -> Result<(), Fault> {
        staging.delete_all(&subject_object(tenant, id)).await
    }

    /// Leaves nothing of for whom a request's packages were encrypted. It is written over: whoever plans may write here,
    /// and delete nothing, and the bucket keeps no versions. Doing it twice is fine.
    pub(crate) async fn forget_recipient(staging: &dyn Staging, request: &Request) -> Result<(), Fault> {
        if request.export.as_ref().is_none_or(|export| export.sealed_for == SealedFor::Nobody) {
            return Ok(());
        }
        for object in [recipient_object, recipient_kept] {
            staging.put(&object(&request.tenant, &request.id), Vec::new()).await?;
        }
        Ok(())
    }

    /// The papers of a request. Fails for good once the plan key is destroyed.
    pub async fn open(&self, run: &Run) -> Result<Desk<'a>, StepError> {
        let scope = KeyScope::Plan(run.tenant.clone(), run.request_id.clone());
        let key = self.keyring.open(&scope).await?.ok_or_else(|| unreadable("the plan key is destroyed"))?;
        Ok(Desk { papers: *self, tenant: run.tenant.clone(), id: run.request_id.clone(), key })
    }

    /// The papers of a request that is planned once more after its end: its plan key is made anew.
    pub(crate) async fn begin_again(&self, run: &Run) -> Result<Desk<'a>, StepError> {
        let key = self.keyring.obtain(&KeyScope::Plan(run.tenant.clone(), run.request_id.clone())).await?;
        Ok(Desk { papers: *self, tenant: run.tenant.clone(), id: run.request_id.clone(), key })
    }

    /// Where what a request's stores are read again by is put; its key is made if there is none.
    pub(crate) async fn keep_recheck(
        &self,
        tenant: &TenantId,
        id: &RequestId,
    ) -> Result<Desk<'a>, StepError> {
        let key = self.keyring.obtain(&KeyScope::Recheck(tenant.clone(), id.clone())).await?;
        Ok(Desk { papers: *self, tenant: tenant.clone(), id: id.clone(), key })
    }

    /// The same, to be read. Fails for good once its key is destroyed.
    pub(crate) async fn open_recheck(&self, run: &Run) -> Result<Desk<'a>, StepError> {
        let scope = KeyScope::Recheck(run.tenant.clone(), run.request_id.clone());
        let key = self.keyring.open(&scope).await?;
        let key = key.ok_or_else(|| unreadable("the key of the recheck is destroyed"))?;
        Ok(Desk { papers: *self, tenant: run.tenant.clone(), id: run.request_id.clone(), key })
    }

    /// Removes what a request's stores are read again by. Doing it twice is fine.
    pub(crate) async fn remove_recheck(
        staging: &dyn Staging,
        tenant: &TenantId,
        id: &RequestId,
    ) -> Result<(), Fault> {
        staging.delete_all(&recheck_prefix(tenant, id)).await
    }
}

/// A replay erases in the restored store alone: a plan that reaches further, or into another store, is not carried out.
fn reaches_as_far(request: &Request, plan: &Plan) -> Result<(), StepError> {
    if plan.only_in.as_ref() == request.only_in() {
        return Ok(());
    }
    Err(unreadable("the plan is limited to another store than its request"))
}

fn unreadable(detail: &str) -> StepError {
    Fault::new(Class::Permanent, Code::PlanUnreadable, "open", "staging", detail).into()
}

impl Desk<'_> {
    /// Seals something into an object; SHA-256 of what was put, in hex.
    pub(crate) async fn put<T: Serialize + Sync>(
        &self,
        object: &str,
        purpose: &str,
        paper: &T,
    ) -> Result<String, StepError> {
        let plain = serde_json::to_vec(paper).map_err(|_| StepError::broken("seal", purpose))?;
        self.put_bytes(object, purpose, &Zeroizing::new(plain)).await
    }

    /// The same with bytes.
    pub(crate) async fn put_bytes(
        &self,
        object: &str,
        purpose: &str,
        plain: &[u8],
    ) -> Result<String, StepError> {
        let sealed = self.seal(object, purpose, plain)?;
        let digest = vault::sha256_hex(&sealed);
        self.papers.staging.put(object, sealed).await?;
        Ok(digest)
    }

    /// Seals and writes what may be larger than an object that is got at once; into how many pieces.
    pub(crate) async fn put_pieces<T: Serialize + Sync>(
        &self,
        object: impl Fn(u32) -> String,
        purpose: &str,
        paper: &T,
    ) -> Result<u32, StepError> {
        let plain = serde_json::to_vec(paper).map_err(|_| StepError::broken("seal", purpose))?;
        let plain = Zeroizing::new(plain);
        let mut pieces = 0;
        for piece in plain.chunks(PIECE) {
            self.put_bytes(&object(pieces), purpose, piece).await?;
            pieces += 1;
        }
        Ok(pieces)
    }

    /// Opens what was written in so many pieces.
    pub(crate) async fn get_pieces<T: DeserializeOwned>(
        &self,
        object: impl Fn(u32) -> String,
        purpose: &str,
        pieces: u32,
    ) -> Result<T, StepError> {
        let mut json = Zeroizing::new(Vec::new());
        for piece in 0..pieces {
            json.append(&mut *Zeroizing::new(self.get_bytes(&object(piece), purpose).await?));
        }
        serde_json::from_slice(&json).map_err(|_| unreadable("a paper has another form than expected"))
    }

    /// Opens an object that must be there, and must be the one of this digest.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        object: &str,
        purpose: &str,
        digest: Option<&str>,
    ) -> Result<T, StepError> {
        let sealed = self.sealed(object).await?;
        if digest.is_some_and(|digest| digest != vault::sha256_hex(&sealed)) {
            return Err(unreadable("a paper is not the one that the request names"));
        }
        self.read(object, purpose, &sealed)
    }

    /// Opens an object; `None` if it is not there.
    pub(crate) async fn find<T: DeserializeOwned>(
        &self,
        object: &str,
        purpose: &str,
    ) -> Result<Option<T>, StepError> {
        let sealed = self.papers.staging.get(object).await?;
        sealed.map(|sealed| self.read(object, purpose, &sealed)).transpose()
    }

    /// Opens bytes that must be there.
    pub(crate) async fn get_bytes(&self, object: &str, purpose: &str) -> Result<Vec<u8>, StepError> {
        let sealed = self.sealed(object).await?;
        Ok(vault::open(&self.key, &self.context(object, purpose), &sealed)?)
    }

    async fn sealed(&self, object: &str) -> Result<Vec<u8>, StepError> {
        self.papers.staging.get(object).await?.ok_or_else(|| unreadable("a paper is missing"))
    }

    fn read<T: DeserializeOwned>(&self, object: &str, purpose: &str, sealed: &[u8]) -> Result<T, StepError> {
        let plain = vault::open(&self.key, &self.context(object, purpose), sealed)?;
        serde_json::from_slice(&Zeroizing::new(plain))
            .map_err(|_| unreadable("a paper has another form than expected"))
    }

    fn context<'c>(&'c self, object: &'c str, purpose: &'c str) -> Context<'c> {
        Context { tenant: self.tenant.as_str(), purpose, object }
    }

    fn seal(&self, object: &str, purpose: &str, plain: &[u8]) -> Result<Vec<u8>, StepError> {
        Ok(vault::seal(&self.key, &self.context(object, purpose), self.papers.entropy.bytes(), plain)?)
    }

    /// What was given.
    pub async fn subject(&self, request: &Request) -> Result<Subject, StepError> {
        self.get(&request.subject_object, "subject", None).await
    }

    /// Keeps for whom its packages are encrypted where it lives as long as the request: what was filed at the
    /// door expires. To be done before the first plan is filed.
    pub async fn keep_recipient(&self, request: &Request) -> Result<(), StepError> {
        if request.export.as_ref().is_none_or(|export| export.sealed_for == SealedFor::Nobody) {
            return Ok(());
        }
        let sealing: Sealing = self.get(&recipient_object(&self.tenant, &self.id), "recipient", None).await?;
        self.put(&recipient_kept(&self.tenant, &self.id), "recipient", &sealing).await.map(drop)
    }

    /// For whom its packages are encrypted; `None`: for nobody in particular.
    pub async fn recipient(&self, request: &Request) -> Result<Option<Recipient>, StepError> {
        if request.export.as_ref().is_none_or(|export| export.sealed_for == SealedFor::Nobody) {
            return Ok(None);
        }
        let sealing: Sealing = match self.find(&recipient_kept(&self.tenant, &self.id), "recipient").await? {
            Some(sealing) => sealing,
            None => self.get(&recipient_object(&self.tenant, &self.id), "recipient", None).await?,
        };
        sealing
            .recipient()
            .map(Some)
            .map_err(|_| StepError::broken("package", "the recipient cannot be read"))
    }

    /// The plan in force.
    pub async fn plan(&self, request: &Request) -> Result<Option<Plan>, StepError> {
        let Some(PlanRef { object, sha256 }) = &request.plan else {
            return Ok(None);
        };
        let plan: Plan = self.get(object, "plan", Some(sha256)).await?;
        reaches_as_far(request, &plan)?;
        Ok(Some(plan))
    }

    /// Files a plan of a request, which must then name it.
    pub async fn file_plan(&self, request: &Request, plan: &Plan) -> Result<PlanRef, StepError> {
        reaches_as_far(request, plan)?;
        let object =
            format!("{}plan-{:032x}", papers_prefix(&self.tenant, &self.id), self.papers.entropy.bits());
        let sha256 = self.put(&object, "plan", plan).await?;
        Ok(PlanRef { object, sha256 })
    }

    /// A page.
    pub async fn page(&self, object: &str) -> Result<Page, StepError> {
        self.get(object, "page", None).await
    }

    /// Files a page.
    pub async fn file_page(&self, object: &str, page: &Page) -> Result<(), StepError> {
        self.put(object, "page", page).await.map(drop)
    }

    /// Where a page is that an execution writes in the round that the plan is in.
    pub fn page_object(&self, plan: &Plan, store: &StoreId, generation: Generation, n: u32) -> String {
        let prefix = papers_prefix(&self.tenant, &self.id);
        let (pass, round) = (plan.pass_number(), plan.round_number());
        format!("{prefix}g{generation}/p{pass}/r{round}/{store}/{n}")
    }

    /// Seals a cursor, so that it can be kept in a task: a store's own cursor can contain keys.
    pub fn seal_cursor<T: Serialize>(&self, store: &StoreId, cursor: &T) -> Result<String, StepError> {
        self.seal_text(store, "cursor", cursor)
    }

    /// Opens what [`Desk::seal_cursor`] made.
    pub fn open_cursor<T: DeserializeOwned>(&self, store: &StoreId, cursor: &str) -> Result<T, StepError> {
        self.open_text(store, "cursor", cursor)
    }

    /// Seals what a store was asked, so that it can be kept in a task: digests without a key can be guessed.
    pub(crate) fn seal_asked(&self, store: &StoreId, asked: &Asked) -> Result<String, StepError> {
        self.seal_text(store, "asked", asked)
    }

    /// Opens what [`Desk::seal_asked`] made.
    pub(crate) fn open_asked(&self, store: &StoreId, asked: &str) -> Result<Asked, StepError> {
        self.open_text(store, "asked", asked)
    }

    fn seal_text<T: Serialize>(&self, store: &StoreId, purpose: &str, of: &T) -> Result<String, StepError> {
        let plain = serde_json::to_vec(of).map_err(|_| StepError::broken("seal", purpose))?;
        let sealed = self.seal(store.as_str(), purpose, &Zeroizing::new(plain))?;
        Ok(STANDARD_NO_PAD.encode(sealed))
    }

    fn open_text<T: DeserializeOwned>(
        &self,
        store: &StoreId,
        purpose: &str,
        text: &str,
    ) -> Result<T, StepError> {
        let sealed =
            STANDARD_NO_PAD.decode(text).map_err(|_| unreadable("what a task keeps is not base64"))?;
        self.read(store.as_str(), purpose, &sealed)
    }
}

#[cfg(test)]
mod tests;
