//! What the cases have in common.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use domain::catalog::FieldKind;
use domain::plan::{Record, RecordKey, Value};
use ports::Fault;
use ports::stores::{Collected, PAGE, Search, Seen, Settled, Since, Target, Treatment, Walked};

use super::{Fixture, Row};

/// A fixture with the questions that the cases ask.
pub struct Scene<'a> {
    /// The fixture.
    pub fixture: &'a dyn Fixture,
    wanted: Vec<String>,
}

impl<'a> Scene<'a> {
    /// Over a fixture.
    pub fn of(fixture: &'a dyn Fixture) -> Self {
        let catalog = domain::catalog::Catalog { catalog: 1, stores: vec![fixture.store().clone()] };
        let wanted = catalog.wanted(fixture.store(), fixture.collection());
        Self { fixture, wanted }
    }

    /// The collection as the connector is told of it.
    pub fn target(&self) -> Target<'_> {
        Target { store: self.fixture.store(), collection: self.fixture.collection(), wanted: &self.wanted }
    }

    fn search<'s>(&'s self, values: &'s [Value]) -> Search<'s> {
        Search { field: self.fixture.field(), values }
    }

    /// One page.
    pub async fn page(&self, values: &[Value], cursor: Option<&str>) -> Result<ports::stores::Found, Fault> {
        let search = self.search(values);
        let connector = self.fixture.connector();
        connector.locate(&self.target(), &search, cursor).await
    }

    /// Every page. No page is too large, no record comes twice, and it comes to an end.
    pub async fn pages(&self, values: &[Value]) -> Vec<Vec<Record>> {
        let mut pages = Vec::new();
        let mut seen = BTreeSet::new();
        let mut cursor: Option<String> = None;
        loop {
            let found = self.page(values, cursor.as_deref()).await.expect("a page");
            assert!(found.records.len() <= PAGE, "a page of {}", found.records.len());
            for record in &found.records {
                assert!(seen.insert(record.key.clone()), "a record is found twice");
                assert_eq!(record.via, self.fixture.field());
                assert_eq!(record.values.get(&record.via), Some(&record.via_value));
            }
            pages.push(found.records);
            assert!(pages.len() < 10_000, "locating does not end");
            match found.next {
                Some(next) => {
                    assert_ne!(cursor.as_ref(), Some(&next), "the cursor stands still");
                    cursor = Some(next);
                }
                None => return pages,
            }
        }
    }

    /// Every record.
    pub async fn locate(&self, values: &[Value]) -> Vec<Record> {
        self.pages(values).await.concat()
    }

    /// Erases, page by page.
    pub async fn erase(&self, records: &[Record], treatment: &Treatment) -> Result<Settled, Fault> {
        let connector = self.fixture.connector();
        let mut sum = Settled::default();
        for page in records.chunks(PAGE) {
            let settled = connector.erase(&self.target(), page, treatment).await?;
            sum.done += settled.done;
            sum.foreign += settled.foreign;
        }
        Ok(sum)
    }

    /// Erases, and it works.
    pub async fn erased(&self, records: &[Record], treatment: &Treatment) -> Settled {
        self.erase(records, treatment).await.expect("it is erased")
    }

    /// What became of at most a page of records.
    pub async fn look_again(&self, records: &[Record]) -> Result<Vec<Since>, Fault> {
        let connector = self.fixture.connector();
        connector.look_again(&self.target(), records).await
    }

    /// The same, and it works: an answer for every record.
    pub async fn since(&self, records: &[Record]) -> Vec<Since> {
        let since = self.look_again(records).await.expect("an answer");
        assert_eq!(since.len(), records.len());
        since
    }

    /// Reads at most a page of records whole, in one call.
    pub async fn collect(&self, records: &[Record]) -> Result<Collected, Fault> {
        self.fixture.collector().collect(&self.target(), records).await
    }

    /// Reads at most a page of records whole, in as many calls as it takes.
    pub async fn collected(&self, records: &[Record]) -> Collected {
        let mut all = Collected::default();
        while all.taken < records.len() {
            let collected = self.collect(&records[all.taken..]).await.expect("rows");
            assert!(collected.taken > 0, "collecting does not go on");
            all.rows.extend(collected.rows);
            all.taken += collected.taken;
            all.gone += collected.gone;
            all.foreign += collected.foreign;
        }
        assert_eq!(all.taken, records.len());
        all
    }

    /// What a second search counts.
    pub async fn confirm(&self, values: &[Value]) -> u64 {
        let connector = self.fixture.connector();
        let search = self.search(values);
        let mut sum = 0;
        let mut cursor: Option<String> = None;
        for _ in 0..10_000 {
            let counted =
                connector.confirm_search(&self.target(), &search, cursor.as_deref()).await.expect("a count");
            sum += counted.records;
            match counted.next {
                Some(next) => cursor = Some(next),
                None => return sum,
            }
        }
        panic!("confirming does not end");
    }

    /// What a second reading of records counts.
    pub async fn confirm_records(&self, records: &[Record], treatment: &Treatment) -> u64 {
        let connector = self.fixture.connector();
        let mut sum = 0;
        for page in records.chunks(PAGE) {
            let counted = connector.confirm_records(&self.target(), page, treatment).await;
            sum += counted.expect("a count");
        }
        sum
    }

    /// One page of a walk.
    pub async fn walked(&self, cursor: Option<&str>) -> Result<Walked, Fault> {
        self.fixture.walker().walk(&self.target(), cursor).await
    }

    /// Every page of a walk, and what is done between them. No page is too large, and it comes to an end.
    pub async fn walk_meanwhile<F: Future<Output = ()>>(
        &self,
        mut meanwhile: impl FnMut(usize) -> F,
    ) -> Vec<Seen> {
        let mut all = Vec::new();
        let mut cursor: Option<String> = None;
        for page in 0..10_000 {
            let walked = self.walked(cursor.as_deref()).await.expect("a page");
            assert!(walked.records.len() <= PAGE, "a page of {}", walked.records.len());
            all.extend(walked.records);
            let Some(next) = walked.next else {
                return all;
            };
            assert_ne!(cursor.as_ref(), Some(&next), "the cursor stands still");
            cursor = Some(next);
            meanwhile(page).await;
        }
        panic!("walking does not end");
    }

    /// Every record that a walk shows.
    pub async fn walk(&self) -> Vec<Seen> {
        self.walk_meanwhile(|_| async {}).await
    }

    /// A control's record with the name of the field that marks it, which is no part of the key where the
    /// collection has another field.
    pub fn control(&self, who: &Value) -> (BTreeMap<String, Value>, String) {
        let collection = self.fixture.collection();
        let own = self.fixture.field();
        let fields = collection.fields.iter().filter(|(name, _)| Some(*name) != collection.suppress.as_ref());
        let record: BTreeMap<String, Value> = fields
            .map(|(name, field)| {
                let value = match field.kind {
                    _ if name == own => who.clone(),
                    FieldKind::Number => Value::of(FieldKind::Number, "900001"),
                    FieldKind::Text => Value::of(FieldKind::Text, "control"),
                };
                (name.clone(), value)
            })
            .collect();
        let free = |name: &&String| !collection.key.contains(name);
        let own = Some(own.to_owned()).filter(|own| free(&own));
        let mark = own.or_else(|| record.keys().find(free).cloned());
        (record, mark.expect("a field that is no key"))
    }

    /// Plants a control's record, and it works.
    pub async fn planted(&self, (record, mark): &(BTreeMap<String, Value>, String)) {
        self.try_plant(record, mark).await.expect("it is planted");
    }

    /// Plants a control's record.
    pub async fn try_plant(&self, record: &BTreeMap<String, Value>, mark: &str) -> Result<(), Fault> {
        let planter = self.fixture.planter().expect("it plants");
        planter.plant(&self.target(), record, mark).await
    }

    /// Plants what the store can certainly hold.
    pub async fn plant(&self, who: &Value, count: usize) {
        assert!(self.fixture.plant(who, count, 0).await, "it can be planted");
    }

    /// All records, in the order of their keys.
    pub async fn rows(&self) -> Vec<Row> {
        let mut rows = self.fixture.rows().await;
        rows.sort();
        rows
    }

    /// The records of everybody else.
    pub async fn others(&self, who: &Value) -> Vec<Row> {
        let mut rows = self.rows().await;
        rows.retain(|row| &row.who != who);
        rows
    }

    /// The keys of a person's records, by the store itself.
    pub async fn keys(&self, who: &[Value]) -> BTreeSet<RecordKey> {
        let rows = self.fixture.rows().await.into_iter();
        rows.filter(|row| who.contains(&row.who)).map(|row| row.key).collect()
    }
}

/// The keys of records.
pub(super) fn keys_of(records: &[Record]) -> BTreeSet<RecordKey> {
    records.iter().map(|record| record.key.clone()).collect()
}

/// Runs a future that dies the so-many-th time that it waits; whether it got through before.
pub(super) async fn killed_after<F: Future>(waits: usize, future: F) -> bool {
    struct Mortal<F> {
        future: Pin<Box<F>>,
        left: usize,
    }

    impl<F: Future> Future for Mortal<F> {
        type Output = bool;

        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
            if self.future.as_mut().poll(context).is_ready() {
                return Poll::Ready(true);
            }
            if self.left == 0 {
                return Poll::Ready(false);
            }
            self.left -= 1;
            Poll::Pending
        }
    }

    Mortal { future: Box::pin(future), left: waits }.await
}
