//! A small log, made as the real one is.

use audit::pack::{PERIOD, PackProof};
use audit::queries::{Chain, QueryStatement};
use audit::receipt::{DETAIL, StoreStatement, subject_mark};
use audit::tree::{Grown, Range};
use audit::{Checkpoint, Entry, GENESIS, Inclusion, Receipt, Statement, VerifierKey, export, origin};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use domain::clock::Jurisdiction;
use domain::event::{About, Event, EventKind};
use domain::identity::Identity;
use domain::request::RequestType;
use domain::{Generation, PackId, Period, Personal, RequestId, Status, StoreId, Tally, TenantId};
use jiff::{SignedDuration, Timestamp};

/// What every log here is named after.
const NAME: &str = "lacuna.example";

/// Whom the receipts are about, and the salt that they name them by.
const PERSON: &str = "ines@example.com";
const SALT: [u8; 32] = [3; 32];

/// What the store was asked: for the person's address, for the number that was found by it, and for the records.
fn queries() -> Vec<QueryStatement> {
    let digest = |chain: Chain, parts: &[&str]| chain.with(parts.iter().copied()).digest(&SALT);
    let search = |collection: &str, field: &str, value| QueryStatement::Search {
        collection: collection.to_owned(),
        digest: digest(Chain::of_search(collection, field), &[value]),
        field: field.to_owned(),
        values: 1,
    };
    let keys: Vec<String> = (0..8).map(|n| n.to_string()).collect();
    let keys: Vec<&str> = keys.iter().flat_map(|key| ["InvoiceId", key.as_str()]).collect();
    vec![
        search("customers", "Email", PERSON),
        search("invoices", "CustomerId", "7"),
        QueryStatement::Records {
            collection: "invoices".to_owned(),
            digest: digest(Chain::of_records("invoices"), &keys),
            records: 8,
        },
    ]
}

/// A tenant's log with everything that is made of it.
pub struct Log {
    pair: Ed25519KeyPair,
    tenant: TenantId,
    entries: Vec<Entry>,
    /// After how many entries there is a checkpoint.
    checkpoints: Vec<u64>,
    statements: Vec<(u64, Statement)>,
}

impl Log {
    /// So many erasures in a tenant's log, six entries each, with a checkpoint after every one of them.
    pub fn of(tenant: &str, requests: u32) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a seed of 32 bytes");
        let tenant: TenantId = tenant.parse().expect("a tenant");
        let mut log = Self { pair, tenant, entries: vec![], checkpoints: vec![], statements: vec![] };
        for number in 1..=requests {
            log.erasure(number);
            log.checkpoints.push(log.size());
        }
        log
    }

    /// How many entries it has.
    pub fn size(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Its entries.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// After how many entries there is a checkpoint.
    pub fn checkpoints(&self) -> &[u64] {
        &self.checkpoints
    }

    /// The key that its checkpoints are checked with.
    pub fn key(&self) -> VerifierKey {
        let public = self.pair.public_key().as_ref().try_into().expect("32 bytes");
        VerifierKey::new(&origin(NAME, &self.tenant), public).expect("a name")
    }

    /// The tree over the first so many entries.
    pub fn range(&self, size: u64) -> Range {
        let mut range = Range::default();
        let hashes = self.entries.iter().take(usize::try_from(size).expect("small"));
        hashes.for_each(|entry| range.push(entry.hash_bytes().expect("a hash")));
        range
    }

    /// The checkpoint over the first so many entries.
    pub fn note(&self, size: u64) -> String {
        let (origin, root) = (origin(NAME, &self.tenant), self.range(size).root());
        self.sign(&Checkpoint { origin, size, root }.text())
    }

    /// A text, signed by the log's key.
    pub fn sign(&self, text: &str) -> String {
        let signature = self.pair.sign(text.as_bytes()).as_ref().try_into().expect("64 bytes");
        self.key().note(text, &signature)
    }

    /// The lines of an export from one entry to another, with every checkpoint between.
    pub fn export(&self, first: u64, last: u64) -> Vec<String> {
        let before = self.entry(first - 1).map_or(GENESIS, |entry| &entry.hash);
        let checkpoint = (first > 1).then(|| self.note(first - 1));
        let before_it = export::Before::new(before, &self.range(first - 1));
        let mut lines = vec![export::header(&self.tenant, first, before_it, checkpoint)];
        for seq in first..=last {
            let entry = self.entry(seq).expect("an entry");
            lines.push(export::entry(entry));
            if self.checkpoints.contains(&seq) {
                lines.push(export::checkpoint(&self.note(seq)));
            }
        }
        let end = self.entry(last).map_or(GENESIS, |entry| &entry.hash);
        lines.push(export::end(last + 1 - first, last, end));
        lines
    }

    /// The receipt of a request, to the checkpoint over so many entries.
    pub fn receipt(&self, number: usize, size: u64) -> Receipt {
        let (seq, statement) = &self.statements[number - 1];
        Receipt::new(statement.clone(), self.entry(*seq).expect("its entry"), self.proof(*seq, size))
    }

    /// The receipt of a request that is closed now, with this statement; under a checkpoint of its own.
    pub fn receipt_of(mut self, statement: Statement) -> Receipt {
        let last = self.entries.last().expect("an entry").event.clone();
        let status = Some(statement.outcome);
        let detail = [(DETAIL.to_owned(), statement.sha256())].into();
        let about = About::Request(statement.request.clone());
        self.append(Event { about, status, detail, ..last });
        let size = self.size();
        Receipt::new(statement, self.entry(size).expect("its entry"), self.proof(size, size))
    }

    /// That an entry is in the tree over so many.
    pub fn proof(&self, seq: u64, size: u64) -> String {
        let leaves = self.entries.iter().take(usize::try_from(size).expect("small"));
        let leaves = leaves.map(|entry| entry.hash_bytes().expect("a hash")).collect();
        let path = Grown::new(&Range::default(), leaves).path(seq - 1).expect("a leaf");
        Inclusion { index: seq - 1, path, note: self.note(size) }.text()
    }

    /// Puts a pack on record, under a checkpoint of its own.
    pub fn note_pack(&mut self, id: &PackId, period: Period, at: Timestamp) -> PackProof {
        self.append(Event {
            tenant: self.tenant.clone(),
            about: About::Pack(id.clone()),
            n: 1,
            at,
            kind: EventKind::Packed,
            who: "auditor:9f2c".to_owned(),
            generation: Generation::FIRST,
            status: None,
            store: None,
            tally: None,
            why: None,
            detail: [(PERIOD.to_owned(), period.to_string())].into(),
            wake: None,
        });
        let size = self.size();
        self.checkpoints.push(size);
        PackProof::new(self.entry(size).expect("its entry"), self.proof(size, size))
    }

    /// Changes an event and chains everything from there on anew, as whoever may write the whole table could.
    pub fn rewrite(&mut self, seq: u64, change: impl FnOnce(&mut Event)) {
        let from = usize::try_from(seq - 1).expect("small");
        let mut events: Vec<Event> = self.entries.drain(from..).map(|entry| entry.event).collect();
        change(&mut events[0]);
        for event in events {
            self.append(event);
        }
    }

    /// An entry by its place.
    pub fn entry(&self, seq: u64) -> Option<&Entry> {
        self.entries.get(usize::try_from(seq.checked_sub(1)?).ok()?)
    }

    fn append(&mut self, event: Event) {
        let previous = self.entries.last().map_or(GENESIS.to_owned(), |entry| entry.hash.clone());
        self.entries.push(Entry::chain(self.size() + 1, &previous, event, "GDPR Art. 5(2)"));
    }

    fn erasure(&mut self, number: u32) {
        let begun = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(i64::from(number) * 24);
        let id = RequestId::new(begun, u128::from(number));
        let store: StoreId = "shop".parse().expect("a store");
        let located = Tally { located: 8, ..Tally::default() };
        let erased = Tally { located: 8, erased: 7, retained: 1, ..Tally::default() };
        let confirmed = Tally { residue: Some(0), ..Tally::default() };
        let statement = self.statement(&id, begun, &store, &erased);
        let steps = [
            (EventKind::Accepted, Status::Accepted, None, "backend:9f2c", None),
            (EventKind::Located, Status::Planning, Some(located), "step:locate-store", None),
            (EventKind::Planned, Status::Checking, None, "step:pin-plan", Some(("plan", "5e88".repeat(16)))),
            (EventKind::Erased, Status::Erasing, Some(erased), "step:erase-store", None),
            (EventKind::Confirmed, Status::Confirming, Some(confirmed), "step:confirm-store", None),
            (
                EventKind::Closed,
                Status::Fulfilled,
                None,
                "step:close-request",
                Some((DETAIL, statement.sha256())),
            ),
        ];
        for (n, (kind, status, tally, who, detail)) in (1..).zip(steps) {
            self.append(Event {
                tenant: self.tenant.clone(),
                about: About::Request(id.clone()),
                n,
                at: begun + SignedDuration::from_secs(i64::from(n)),
                kind,
                who: who.to_owned(),
                generation: Generation::FIRST,
                status: Some(status),
                store: tally.is_some().then(|| store.clone()),
                tally,
                why: None,
                detail: detail.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
                wake: None,
            });
        }
        self.statements.push((self.size(), statement));
    }

    fn statement(&self, id: &RequestId, begun: Timestamp, store: &StoreId, tally: &Tally) -> Statement {
        let identity = Identity::new("email".parse().expect("a type"), &Personal::new(PERSON));
        let closed_at = begun + SignedDuration::from_secs(6);
        Statement {
            catalog_version: "2026-03-02".to_owned(),
            closed_at,
            due_by: begun + SignedDuration::from_hours(30 * 24),
            jurisdiction: Jurisdiction::Eu,
            outcome: Status::Fulfilled,
            plan_sha256: Some("5e88".repeat(16)),
            received_at: begun,
            request: id.clone(),
            sanctions: vec![],
            stores: vec![StoreStatement {
                anonymised: tally.anonymised,
                backups: vec![],
                collected: 0,
                confirmed_at: Some(closed_at),
                control_found_at: None,
                erased: tally.erased,
                gone_from_backups_by: None,
                kept: vec![],
                located: tally.located,
                queries: queries(),
                queries_unlisted: 0,
                residue: Some(0),
                retained: tally.retained,
                store: store.clone(),
            }],
            subject: vec![subject_mark(&SALT, &identity.expect("an identity"))],
            tenant: self.tenant.clone(),
            kind: RequestType::Erasure,
            verification: None,
        }
    }
}
