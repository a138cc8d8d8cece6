//! Sealing stored keys anew, in the background. What fails is left where it is and gone past, and what goes
//! on failing is left as a whole: what is broken for ever must not take all the time of every run. No
//! position is kept, so each run begins somewhere else, by chance.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Pseudonym, TenantId};
use jiff::Timestamp;
use ports::{Budget, Code, FAULTS_IN_A_ROW, Fault, KeyScope, Rewrapped};
use vault::DataKey;

use super::persons::Stored;
use super::upkeep::{tell_unreadable, work};
use super::{KeysTable, unusable};
use crate::dynamo::condition::Condition;
use crate::dynamo::items::{Item, n, text};
use crate::dynamo::keys::{self, Key};
use crate::dynamo::table::{Range, Table};

/// Items that are asked for at once.
const PAGE: usize = 100;

/// After so many tenants in a row that were left, all that is wrapped under the same root key is left.
const TENANTS_IN_A_ROW: usize = 3;

/// What is said of a key that is damaged where it is stored.
const DAMAGED: [&str; 4] =
    ["InvalidCiphertextException", "key-length", "sealed-key-does-not-open", "unreadable-item"];

/// Whether it is this very key that is damaged, and not the one that it is sealed under: trying again does
/// not help, and nothing else is the worse for it.
fn is_damage(scope: &KeyScope, fault: &Fault) -> bool {
    fault.target == scope.purpose() && DAMAGED.contains(&fault.detail.as_str())
}

/// One pass over the stored keys, and what it came to so far.
struct Pass<'a> {
    budget: &'a dyn Budget,
    /// The time is up, or the key service says slower: its quota is that of the whole account, and who
    /// seals and opens for somebody comes first.
    over: bool,
    so_far: Rewrapped,
    /// Faults since anything went well, or since a tenant was left.
    in_a_row: usize,
}

impl Pass<'_> {
    /// Asked before each page and each key.
    fn is_over(&mut self) -> bool {
        if !self.over && self.budget.is_spent() {
            (self.over, self.so_far.out_of_time) = (true, true);
        }
        self.over
    }

    /// Counts one that was sealed anew, needed nothing (`false`), or failed.
    fn note(&mut self, scope: &KeyScope, outcome: Result<bool, Fault>) {
        match outcome {
            Ok(done) => {
                self.so_far.done += usize::from(done);
                self.in_a_row = 0;
            }
            Err(fault) => {
                self.in_a_row += 1;
                if is_damage(scope, &fault) {
                    self.so_far.damaged += 1;
                    let (tenant, purpose, detail) = (scope.tenant().as_str(), scope.purpose(), fault.detail);
                    tracing::warn!(tenant, purpose, detail, "a stored key is damaged");
                } else {
                    self.fail(fault);
                }
            }
        }
    }

    fn fail(&mut self, fault: Fault) {
        self.over |= fault.code == Code::KeyUnavailable && fault.class.mends_itself();
        self.so_far.note(fault);
    }

    /// Whether nothing went well for so long that the tenant is left. What comes next begins anew.
    fn leaves(&mut self) -> bool {
        let leaves = self.in_a_row >= FAULTS_IN_A_ROW;
        if leaves {
            self.in_a_row = 0;
        }
        leaves
    }
}

/// What the index says of a stored key.
struct Row {
    key: Key,
    scope: KeyScope,
    /// Where it stands in its partition.
    place: String,
}

impl Row {
    fn of(item: &Item) -> Option<Self> {
        let key = Key::of(item)?;
        let scope = keys::parse_scope(&key)?;
        Some(Self { key, scope, place: text(item, "work_sk")?.to_owned() })
    }

    /// The root key that a wrapped key is under.
    fn root(&self) -> Option<&str> {
        self.place.strip_suffix(&format!("#{}#{}", self.key.pk, self.key.sk))
    }
}

/// A part of a partition: the places between two, which are none themselves. A place begins with a letter
/// or a digit.
#[derive(Clone)]
struct Span {
    from: String,
    to: String,
}

/// Before every place, and behind.
const ENDS: [&str; 2] = [" ", "~"];

impl Span {
    fn new(from: impl Into<String>, to: impl Into<String>) -> Self {
        Self { from: from.into(), to: to.into() }
    }

    /// The two halves, the second one first: so it begins at `at`, and comes to all of it.
    fn beginning_at(&self, at: &str) -> [Self; 2] {
        [Self::new(at, &self.to), Self::new(&self.from, at)]
    }

    /// What is left behind everything that begins with `prefix` and `#`.
    fn behind(self, prefix: &str, descending: bool) -> Self {
        if descending {
            Self { to: format!("{prefix}#"), ..self }
        } else {
            // `$` is the character after `#`.
            Self { from: format!("{prefix}$"), ..self }
        }
    }
}

/// The rows of a span, page by page.
struct Walk {
    partition: String,
    span: Span,
    descending: bool,
    start: Option<Item>,
    over: bool,
}

impl Walk {
    fn of(partition: impl Into<String>, span: Span, descending: bool) -> Self {
        let over = span.from >= span.to;
        Self { partition: partition.into(), span, descending, start: None, over }
    }

    /// The next page, without the rows that name no key, which are counted as damaged; `None` when it was the
    /// last, the pass is over, or it cannot be read.
    async fn next(&mut self, table: &Table, pass: &mut Pass<'_>) -> Option<Vec<Row>> {
        if self.over || pass.is_over() {
            return None;
        }
        let range = Range::Between(self.span.from.clone(), self.span.to.clone());
        let search = work(self.partition.clone(), range);
        let search = if self.descending { search.descending() } else { search };
        match table.page(&search, Some(PAGE), self.start.take()).await {
            Ok((items, next)) => {
                (self.over, self.start) = (next.is_none(), next);
                let rows: Vec<Row> = items.iter().filter_map(Row::of).collect();
                let unreadable = items.len() - rows.len();
                pass.so_far.damaged += unreadable;
                tell_unreadable(&self.partition, unreadable);
                Some(rows)
            }
            Err(fault) => {
                pass.fail(fault);
                None
            }
        }
    }
}

/// How a walk over wrapped keys ended.
enum End {
    /// With the last of them, or with the pass.
    Whole,
    /// Nothing went well any more, in this tenant's keys under this root key.
    Broken { root: String, tenant: String },
}

impl KeysTable {
    pub(super) async fn rewrap_all(&self, budget: &dyn Budget) -> Rewrapped {
        let mut pass = Pass { budget, over: false, so_far: Rewrapped::default(), in_a_row: 0 };
        // However much there is to do of the one: in half of the runs it is the other's turn first.
        if self.chance(2) == 0 {
            self.rewrap_roots(&mut pass).await;
            self.rewrap_tenants(&mut pass).await;
        } else {
            self.rewrap_tenants(&mut pass).await;
            self.rewrap_roots(&mut pass).await;
        }
        pass.so_far
    }

    /// A number below another.
    fn chance(&self, below: u64) -> u64 {
        let bits = u64::try_from(self.entropy.bits() >> 64).unwrap_or_default();
        bits.checked_rem(below).unwrap_or_default()
    }

    /// Keys that are wrapped under an earlier root key.
    async fn rewrap_roots(&self, pass: &mut Pass<'_>) {
        let first = self.chance(keys::SHARDS.into());
        let shards = (first..).take(keys::SHARDS as usize);
        for shard in shards.filter_map(|shard| u32::try_from(shard % u64::from(keys::SHARDS)).ok()) {
            // The names of tenants and root keys are not known, so no place among them can be picked: it
            // begins at either end.
            let descending = self.chance(2) == 1;
            let before = Span::new(ENDS[0], format!("{}#", self.root));
            let behind = Span::new(format!("{}$", self.root), ENDS[1]);
            for mut span in [before, behind] {
                let (mut left, mut last) = (0, None);
                loop {
                    let well = pass.so_far.done;
                    let walk = Walk::of(keys::root_partition(shard), span.clone(), descending);
                    let End::Broken { root, tenant } = self.rewrap_span(walk, pass).await else { break };
                    left =
                        if pass.so_far.done == well && last.as_ref() == Some(&root) { left + 1 } else { 1 };
                    let prefix =
                        if left < TENANTS_IN_A_ROW { format!("{root}#T#{tenant}") } else { root.clone() };
                    last = Some(root);
                    span = span.behind(&prefix, descending);
                }
            }
        }
    }

    async fn rewrap_span(&self, mut walk: Walk, pass: &mut Pass<'_>) -> End {
        pass.in_a_row = 0;
        while let Some(rows) = walk.next(&self.table, pass).await {
            for row in rows {
                if pass.is_over() {
                    return End::Whole;
                }
                let outcome = self.rewrap_root(&row.key, &row.scope).await;
                pass.note(&row.scope, outcome);
                if pass.leaves() {
                    let Some(root) = row.root() else { return End::Whole };
                    let (root, tenant) = (root.to_owned(), row.scope.tenant().to_string());
                    return End::Broken { root, tenant };
                }
            }
        }
        End::Whole
    }

    async fn rewrap_root(&self, key: &Key, scope: &KeyScope) -> Result<bool, Fault> {
        let Some(item) = self.table.get(key).await? else { return Ok(false) };
        if text(&item, "root") == Some(&self.root) {
            return Ok(false);
        }
        let wrapped = item.get("wrapped").and_then(|wrapped| wrapped.as_b().ok()).cloned();
        let wrapped = wrapped.ok_or_else(|| unusable("dynamodb:GetItem", scope, "unreadable-item"))?;
        let anew = self.wrap_anew(scope, &wrapped).await?;
        let mut replaced = item;
        replaced.extend(self.wrapped_item(key, anew).build());
        let same = Condition::new("#wrapped = :wrapped")
            .name("#wrapped", "wrapped")
            .value(":wrapped", AttributeValue::B(wrapped));
        self.table.put_if(replaced, &same).await
    }

    /// Persons' keys of all tenants.
    async fn rewrap_tenants(&self, pass: &mut Pass<'_>) {
        let Some(place) = self.somewhere(pass).await else { return };
        for span in Span::new(ENDS[0], ENDS[1]).beginning_at(&place) {
            let mut rotating = Walk::of(keys::ROTATION, span, false);
            while let Some(rows) = rotating.next(&self.table, pass).await {
                for row in rows {
                    let KeyScope::Subjects(tenant) = &row.scope else { continue };
                    if pass.is_over() {
                        return;
                    }
                    pass.in_a_row = 0;
                    self.rewrap_persons(&row.scope, tenant, pass).await;
                }
            }
        }
    }

    /// A place among the rotating keys, by when they are due, or before all of them if their first or last
    /// cannot be read; `None` if there is none, or the pass is over.
    async fn somewhere(&self, pass: &mut Pass<'_>) -> Option<String> {
        let mut found = Vec::new();
        for descending in [false, true] {
            if pass.is_over() {
                return None;
            }
            let search = work(keys::ROTATION.to_owned(), Range::All);
            let search = if descending { search.descending() } else { search };
            match self.table.page(&search, Some(1), None).await {
                Ok((items, _)) => found.push(Row::of(items.first()?).as_ref().and_then(due)),
                Err(fault) => {
                    pass.fail(fault);
                    return None;
                }
            }
        }
        let [Some(first), Some(last)] = found.as_slice() else { return Some(ENDS[0].to_owned()) };
        let seconds = u64::try_from(last.as_second().saturating_sub(first.as_second())).unwrap_or_default();
        let after = i64::try_from(self.chance(seconds + 1)).unwrap_or_default();
        let at = Timestamp::from_second(first.as_second().saturating_add(after)).ok()?;
        Some(keys::due_until(at))
    }

    /// Persons' keys that are sealed under an earlier version of the tenant's.
    async fn rewrap_persons(&self, subjects: &KeyScope, tenant: &TenantId, pass: &mut Pass<'_>) {
        let present = match self.head(subjects).await {
            Ok(Some(head)) => head.version,
            Ok(None) => return,
            Err(fault) => return pass.fail(fault),
        };
        let (partition, before) = keys::sealed_before(tenant, present);
        let version = u32::try_from(self.chance(present.into())).unwrap_or_default();
        let (_, place) = keys::sealed_before(tenant, version);
        let place = format!("{place}{:016x}", self.chance(u64::MAX));
        for span in Span::new(ENDS[0], before).beginning_at(&place) {
            let mut walk = Walk::of(partition.clone(), span, false);
            while let Some(rows) = walk.next(&self.table, pass).await {
                for row in rows {
                    let KeyScope::Subject(_, subject) = &row.scope else { continue };
                    if pass.is_over() {
                        return;
                    }
                    // Asked for with each key: it is unwrapped once in five minutes, and not at all if there
                    // is none.
                    let under = self.version(subjects, present).await;
                    let under = under
                        .and_then(|key| key.ok_or_else(|| unusable("seal", subjects, "no-such-version")));
                    let under = match under {
                        Ok(under) => under,
                        // Nothing of this tenant can be sealed anew.
                        Err(fault) => return pass.fail(fault),
                    };
                    let outcome = self.rewrap_person(&row.scope, (tenant, subject), &under).await;
                    pass.note(&row.scope, outcome);
                    if pass.leaves() {
                        return;
                    }
                }
            }
        }
    }

    async fn rewrap_person(
        &self,
        scope: &KeyScope,
        (tenant, subject): (&TenantId, &Pseudonym),
        under: &DataKey,
    ) -> Result<bool, Fault> {
        let Some(Stored { version, sealed: Some(sealed) }) = self.stored(scope).await? else {
            return Ok(false);
        };
        let material = self.unseal(scope, tenant, subject, &sealed).await?;
        let item = self.person_item(scope, tenant, subject, (under, &material, version))?;
        // Destroyed, or sealed anew, by somebody else meanwhile: then theirs stands.
        let same = Condition::new("#version = :version AND #sealed = :sealed")
            .name("#version", "version")
            .name("#sealed", "sealed")
            .value(":version", n(&version))
            .value(":sealed", AttributeValue::B(Blob::new(sealed)));
        self.table.put_if(item, &same).await
    }
}

/// When a rotating key is due, by the index.
fn due(row: &Row) -> Option<Timestamp> {
    row.place.split('#').next()?.parse().ok()
}
