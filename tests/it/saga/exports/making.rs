//! Packages whose making takes long, or is done twice at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use contract::step::{Outcome, Run};
use domain::event::EventKind;
use domain::export::{Format, SealedFor};
use domain::request::RequestType;
use domain::{Generation, Personal, RequestId, Status, TenantId};
use fulfillment::Sealing;
use fulfillment::steps::package_export;
use jiff::SignedDuration;
use ports::{Fault, Packages, Upload};
use testkit::clock::UnlimitedBudget;

use super::super::faults::assert_ours_is_clean;
use super::super::shop::PERSON;
use super::super::stage::{Stage, at_once};
use super::splitting::SMALL;
use super::{access, asked, assert_whole, before, events, held, packages, stop_when_ready, until_ready};

/// As long as it goes on, it is let go on: by nobody it is taken for dead and begun again.
#[tokio::test]
async fn packages_that_take_long_are_made_by_one_execution() {
    let mut stage = Stage::new(1);
    (stage.manner.limits, stage.manner.pages) = (Some(SMALL), Some(0));
    let id = access(&stage, PERSON).await;
    let (calls, theirs) = (Arc::new(AtomicUsize::new(0)), id.clone());
    let counted = calls.clone();
    before(&stage, "PackageExport", move |stage| {
        counted.fetch_add(1, Ordering::Relaxed);
        if stage.request(&theirs).status == Status::Packaging {
            stage.world.fake_clock().advance(SignedDuration::from_mins(20));
            at_once(stage.sweep());
        }
    });
    let files = until_ready(&stage, &id).await;
    assert_whole(&files, &held(&stage));
    assert!(calls.load(Ordering::Relaxed) > 3, "{calls:?}");
    assert_eq!(stage.request(&id).generation, Generation::FIRST);
    assert!(events(&stage, &id, EventKind::Resumed).is_empty());
    stage.play_to_the_end(&id).await;
    assert_ours_is_clean(&stage, &id);
}

/// One that is dead is found all the same.
#[tokio::test]
async fn who_stops_making_packages_is_followed_by_another() {
    let mut stage = Stage::new(1);
    (stage.manner.limits, stage.manner.pages) = (Some(SMALL), Some(0));
    let id = access(&stage, PERSON).await;
    let theirs = id.clone();
    let mut killed = false;
    before(&stage, "PackageExport", move |stage| {
        if stage.request(&theirs).status == Status::Packaging && !std::mem::replace(&mut killed, true) {
            stage.world.fake_clock().advance(SignedDuration::from_mins(31));
            at_once(stage.sweep());
            at_once(stage.deliver());
        }
    });
    assert_whole(&until_ready(&stage, &id).await, &held(&stage));
    assert_eq!(events(&stage, &id, EventKind::Resumed).len(), 1);
}

/// A bucket in which something happens before the end of one package.
struct Interrupted {
    inner: Arc<dyn Packages>,
    /// Packages that still end before it happens.
    left: Arc<AtomicUsize>,
    happens: Happens,
}

type Happens = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

struct Ending {
    inner: Box<dyn Upload>,
    left: Arc<AtomicUsize>,
    happens: Happens,
}

#[async_trait]
impl Packages for Interrupted {
    async fn begin(&self, tenant: &TenantId, id: &RequestId, name: &str) -> Result<Box<dyn Upload>, Fault> {
        let inner = self.inner.begin(tenant, id, name).await?;
        Ok(Box::new(Ending { inner, left: self.left.clone(), happens: self.happens.clone() }))
    }

    async fn destroy(&self, tenant: &TenantId, id: &RequestId) -> Result<(), Fault> {
        self.inner.destroy(tenant, id).await
    }
}

#[async_trait]
impl Upload for Ending {
    async fn write(&mut self, bytes: Vec<u8>) -> Result<(), Fault> {
        self.inner.write(bytes).await
    }

    async fn finish(self: Box<Self>) -> Result<(), Fault> {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 0
            && let Some(happens) = self.happens.lock().expect("not poisoned").take()
        {
            happens();
        }
        self.inner.finish().await
    }

    async fn abandon(self: Box<Self>) -> Result<(), Fault> {
        self.inner.abandon().await
    }
}

/// A call whose answer is late is made again while it goes on. What one of them made is what the request says, whole,
/// and the other one breaks nothing: each byte is another one when it is encrypted anew.
#[tokio::test]
async fn packages_that_are_made_twice_at_once_are_those_of_the_first_to_end() {
    const AGE: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    let mut several = 1;
    let mut nth = 0;
    while nth < several {
        let mut stage = Stage::new(1);
        stage.manner.limits = Some(SMALL);
        let export = domain::export::Export { sealed_for: SealedFor::Age, ..asked(Format::Json) };
        let sealing = Sealing::Age(Personal::new(AGE));
        let given = [("email", PERSON)];
        let id = stage.submit_as(RequestType::Access, Some(export), &given, Some(&sealing)).await;
        let theirs = id.clone();
        let mut done = false;
        before(&stage, "PackageExport", move |stage| {
            if std::mem::replace(&mut done, true) {
                return;
            }
            let generation = stage.request(&theirs).generation;
            let run = Run { tenant: stage.tenant.clone(), request_id: theirs.clone(), generation };
            let (other, same) = (stage.packaging(), run.clone());
            let happens: Box<dyn FnOnce() + Send> = Box::new(move || {
                let second = at_once(package_export::run(&other, &same, &UnlimitedBudget));
                assert_eq!(second.expect("it ends").outcome, Outcome::Ready);
            });
            let interrupted = Interrupted {
                inner: stage.world.packages(),
                left: Arc::new(AtomicUsize::new(nth)),
                happens: Arc::new(Mutex::new(Some(happens))),
            };
            let ports = package_export::Ports { packages: Arc::new(interrupted), ..stage.packaging() };
            let first = at_once(package_export::run(&ports, &run, &UnlimitedBudget)).expect("it ends");
            assert!([Outcome::Again, Outcome::Ready].contains(&first.outcome), "{:?}", first.outcome);
            assert!(stage.world.staged().iter().all(|object| !object.starts_with("collected/")));
        });
        *stage.happening.lock().expect("not poisoned") = Some(stop_when_ready(id.clone()));
        stage.play().await;
        let request = stage.request(&id);
        // They are read back, and are what the request says of them.
        several = packages(&stage, &request).len();
        assert!(several > 2 && request.parked.is_none(), "{several} {:?}", request.parked);
        assert_eq!(events(&stage, &id, EventKind::Packaged).len(), 1);
        stage.play_to_the_end(&id).await;
        assert_ours_is_clean(&stage, &id);
        nth += 1;
    }
}
