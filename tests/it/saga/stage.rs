//! The whole lifecycle in memory: the state machine as it is deployed, walked by AWS's rules, with
//! the real steps behind it.

mod holding;
pub mod slow;

use std::sync::Mutex;

use async_trait::async_trait;
use contract::settings::{ExportSettings, SanctionSource, Settings, Webhook};
use contract::step::{AnnounceRun, Caught, CheckRun, LostExecution, Park, Run, Start, StoreRun, What};
use domain::clock::Jurisdiction;
use domain::event::{About, EnterAt, Event, EventKind};
use domain::export::Export;
use domain::hold::Hold;
use domain::request::{Request, RequestType};
use domain::{
    Generation, HoldId, Identity, Operation, Personal, Pseudonym, RequestId, Status, Tally, TenantId,
};
use fulfillment::steps::{
    announce, announce_export, check_sanctions, close_request, collect_store, confirm_store, erase_store,
    locate_store, package_export, park_request, pin_plan, plan, plant_controls, recheck, record_failure,
    restore_store, start_request, suppress_store, sweep, sweep_audit, sweep_export, write_audit,
};
use fulfillment::{Actor, Amend, Draft, Papers, Pseudonymiser, Scope, Sealing, StepError, amend, finished};
use jiff::SignedDuration;
use ports::{Budget, Delivered, NewRequest};
use serde::de::DeserializeOwned;
use serde_json::Value;
use testkit::clock::{CountedBudget, UnlimitedBudget};
use testkit::memory::{ExecutionState, World};
use testkit::walker::{Call, Definition, End, Next, Pause, TaskError, Tasks, Walk, Walked};

use super::shop;

/// The state machine, as it is deployed.
pub const DEFINITION: &str = include_str!("../../../statemachine.asl.json");

/// How the stage runs its steps.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manner {
    /// Every call is made twice; the second answer counts, as after a lost answer.
    pub twice: bool,
    /// How many pages a step may do before its time is up.
    pub pages: Option<u64>,
    /// Stopped executions go on all the same, so that only the fence is in their way.
    pub zombies: bool,
    /// Each so-manieth event of a request does not reach the audit when it is delivered first.
    pub unheard: Option<u32>,
    /// How big a package gets; `None`: as big as it does where it is deployed.
    pub limits: Option<package_export::Limits>,
}

/// Something that happens while time passes.
pub type Happening = Box<dyn Fn(&Stage, &Pause) -> Next + Send + Sync>;

/// One deployment in memory, and a person in it.
pub struct Stage {
    pub world: World,
    pub tenant: TenantId,
    pub manner: Manner,
    pub definition: Definition,
    pub walks: Mutex<Vec<Walked>>,
    pub happening: Mutex<Option<Happening>>,
    /// What happens before each call of a function: its name is given.
    pub meanwhile: Mutex<Option<Meanwhile>>,
    /// What happens while a function works, whenever it asks whether its time is up.
    pub during: Mutex<Option<Meanwhile>>,
}

/// Something that happens before a function is called, or while it works.
pub type Meanwhile = Box<dyn FnMut(&Stage, &str) + Send>;

impl Stage {
    /// The shop with its people, and a tenant whose cooling-off is thirty days.
    pub fn new(seed: u64) -> Self {
        let world = World::new(seed);
        let tenant: TenantId = "demo".parse().expect("a tenant");
        world.publish_yaml(shop::CATALOG).expect("the catalog is whole");
        world.put_settings(Settings {
            tenant: tenant.clone(),
            name: "Demo".into(),
            cooling_off_for: "P30D".into(),
            // Whoever wants it says so: most requests are followed to their end and no further.
            recheck_after: Some("PT0S".into()),
            receipt_salt_for: None,
            catalog_version: None,
            webhook: Some(Webhook {
                url: "https://example.com/hook".into(),
                secret: "lacuna/demo/webhook".into(),
            }),
            topic: true,
            sanctions: vec![SanctionSource {
                id: "legal-desk".into(),
                url: "https://example.com/ask".into(),
                stores: vec![],
            }],
            allowed_hosts: vec!["example.com".into()],
            rotate_keys_every: [].into(),
            exports: ExportSettings::default(),
            masking: None,
        });
        shop::fill(&world, &tenant);
        at_once(plant(&world));
        let definition = Definition::parse(DEFINITION).expect("the state machine reads");
        Self {
            world,
            tenant,
            manner: Manner::default(),
            definition,
            walks: Mutex::default(),
            happening: Mutex::new(None),
            meanwhile: Mutex::new(None),
            during: Mutex::new(None),
        }
    }

    /// One run of what keeps the controls in the stores.
    pub async fn plant(&self) -> plant_controls::Done {
        plant(&self.world).await
    }

    /// Takes a request in, as the front door does.
    pub async fn submit(&self, email: &str) -> RequestId {
        self.submit_all(&[("email", email)]).await
    }

    /// The same, for a person who is known in these ways.
    pub async fn submit_all(&self, given: &[(&str, &str)]) -> RequestId {
        self.submit_as(RequestType::Erasure, None, given, None).await
    }

    /// The same, for whatever is asked.
    pub async fn submit_as(
        &self,
        kind: RequestType,
        export: Option<Export>,
        given: &[(&str, &str)],
        sealing: Option<&Sealing>,
    ) -> RequestId {
        let now = self.world.clock().now();
        let (entropy, keyring, staging) = (self.world.entropy(), self.world.keyring(), self.world.staging());
        let id = RequestId::new(now, entropy.bits());
        let identities: Vec<Identity> = given
            .iter()
            .map(|(kind, value)| Identity::new(kind.parse().expect("a type"), &Personal::new(*value)))
            .collect::<Result<_, _>>()
            .expect("identities");
        let papers = Papers { keyring: &*keyring, staging: &*staging, entropy: &*entropy };
        let object = papers.file_subject(&self.tenant, &id, &identities, sealing).await.expect("sealed");
        let pseudonymiser = Pseudonymiser::of(&*keyring, &self.tenant).await.expect("keys");
        let whose = (self.tenant.clone(), id.clone());
        let request = Request {
            // As if somebody had verified the person elsewhere.
            status: Status::Accepted,
            progress_by: now.checked_add(SignedDuration::from_mins(15)).ok(),
            subject: identities.iter().map(|one| pseudonymiser.subject(one).expect("a pseudonym")).collect(),
            subject_object: object,
            catalog_version: self.world.catalogs().current(),
            export,
            ..Request::received(whose, kind, Jurisdiction::Eu, None, now)
        };
        let event = Event {
            tenant: self.tenant.clone(),
            about: About::Request(id.clone()),
            n: 1,
            at: now,
            kind: EventKind::Accepted,
            who: "backend:test".into(),
            generation: Generation::FIRST,
            status: Some(Status::Accepted),
            store: None,
            tally: None,
            why: None,
            detail: [].into(),
            wake: Some(EnterAt::Plan),
        };
        let requests = self.world.requests();
        // Whatever is open already: what the front door makes of that is its own matter.
        let beyond =
            requests.open_requests(&self.tenant, request.kind, &request.subject).await.expect("open");
        let new = NewRequest { request, event, remember: None, beyond };
        requests.create(&new).await.expect("taken in");
        id
    }

    /// Delivers the stream: events to the audit, wakes to the state machine, which stops what it
    /// replaces and starts what is new. Deliveries are repeated until they succeed, as AWS's are.
    pub async fn deliver(&self) {
        for _ in 0..200 {
            let batch = self.world.stream().deliver(usize::MAX);
            let audit = write_audit::Ports {
                audit_log: self.world.audit_log(),
                dead_letters: self.world.dead_letters(),
            };
            let mut heard = batch.clone();
            heard.retain(|delivered| delivered.redriven > 0 || !self.is_unheard(delivered));
            if write_audit::run(&audit, &heard, &UnlimitedBudget).await.failed.is_some() {
                self.world.injector().revive();
                self.world.stream().put_back(batch);
                continue;
            }
            // What was re-driven is for the audit alone.
            let new = batch.into_iter().filter(|delivered| delivered.redriven == 0);
            let events: Vec<Event> = new.filter_map(|delivered| delivered.event).collect();
            for event in &events {
                let (Some(enter_at), About::Request(id)) = (event.wake, &event.about) else { continue };
                let run = Run {
                    tenant: event.tenant.clone(),
                    request_id: id.clone(),
                    generation: event.generation,
                };
                let ports = start_request::Ports {
                    requests: self.world.requests(),
                    executions: self.world.executions(),
                };
                for _ in 0..20 {
                    if start_request::run(&ports, &Start { run: run.clone(), enter_at }).await.is_ok() {
                        break;
                    }
                    self.world.injector().revive();
                }
            }
            if self.world.stream().is_empty() {
                return;
            }
        }
        panic!("the stream is never drained");
    }

    fn is_unheard(&self, delivered: &Delivered) -> bool {
        let n = delivered.event.as_ref().map_or(0, |event| event.n);
        self.manner.unheard.is_some_and(|every| n.is_multiple_of(every))
    }

    /// Walks every execution that is started, and those that they lead to, until nothing runs.
    pub async fn play(&self) {
        for _ in 0..60 {
            self.deliver().await;
            let started = self.world.take_started();
            if started.is_empty() {
                return;
            }
            for execution in started {
                let input = serde_json::to_value(&execution.start).expect("json");
                self.walk(&execution.name, input).await;
                self.world.end_execution(&execution.name);
            }
        }
        panic!("executions start executions for ever");
    }

    /// Walks one execution to its end. Boxed, because a happening may walk another one in between.
    pub async fn walk(&self, name: &str, input: Value) {
        let watch = |pause: &Pause| {
            let happened = self.happening.lock().expect("not poisoned").take();
            let next = match happened {
                Some(happening) => happening(self, pause),
                None => Next::GoOn,
            };
            let stopped = self.world.execution_state(name) == Some(ExecutionState::Stopped);
            if stopped && !self.manner.zombies { Next::Stop } else { next }
        };
        let walked = Walk::new(&self.definition, self)
            .clock(self.world.fake_clock().clone())
            .watch(&watch)
            .name(name)
            .run(input.clone())
            .await;
        if matches!(walked.end, End::Failed { .. } | End::TimedOut { .. }) {
            // What the EventBridge rule does for an execution that ends without telling.
            let start: Start = serde_json::from_value(input).expect("the input is a start");
            let lost = LostExecution { name: name.to_owned(), status: "FAILED".into() };
            assert_eq!(start_request::parse_execution_name(name).as_ref(), Some(&start.run));
            let caught = Park::Lost { detail: lost };
            let ports = park_request::Ports { requests: self.world.requests(), clock: self.world.clock() };
            for _ in 0..20 {
                if park_request::run(&ports, &caught).await.is_ok() {
                    break;
                }
                self.world.injector().revive();
            }
        }
        self.walks.lock().expect("not poisoned").push(walked);
    }

    /// Plays, and lets the sweeper work as time goes by, until the request has ended and was announced.
    pub async fn play_to_the_end(&self, id: &RequestId) -> Request {
        for _ in 0..80 {
            self.play().await;
            let request = self.request(id);
            if request.status.is_end() && request.announced {
                return request;
            }
            assert!(request.progress_by.is_some(), "nobody will ever look after it: {:?}", request.parked);
            self.world.fake_clock().advance(SignedDuration::from_mins(61));
            self.sweep().await;
        }
        panic!("the request never ends: {:?}", self.request(id).parked);
    }

    /// Withdraws a request, as the front door does.
    pub async fn cancel(&self, id: &RequestId) {
        self.wake(id, EventKind::CancelRequested, |request| request.cancel_requested = true).await;
    }

    /// Sets a parked request going again, as the front door does.
    pub async fn resume(&self, id: &RequestId) {
        self.wake(id, EventKind::Resumed, |_| {}).await;
    }

    async fn wake(&self, id: &RequestId, kind: EventKind, change: impl Fn(&mut Request)) {
        self.write(id, kind, |mut draft| {
            change(&mut draft.request);
            draft.wake(EnterAt::Plan)
        })
        .await;
    }

    /// Writes into a request what a test wants there, past the rules of the front door and of all steps.
    pub async fn write(&self, id: &RequestId, kind: EventKind, change: impl Fn(Draft) -> Draft) {
        let (requests, clock) = (self.world.requests(), self.world.clock());
        let actor = Actor("officer:test".into());
        let scope = Scope {
            requests: &*requests,
            clock: &*clock,
            tenant: &self.tenant,
            id,
            generation: None,
            actor: &actor,
        };
        let written =
            amend(&scope, |request| Ok(Amend::commit(change(Draft::new(request, kind, clock.now())), ())));
        written.await.expect("committed").expect("not declined");
    }

    /// The pseudonym of a person's address.
    pub async fn pseudonym(&self, email: &str) -> Pseudonym {
        let keyring = self.world.keyring();
        let kind = "email".parse().expect("a type");
        let identity = Identity::new(kind, &Personal::new(email)).expect("an identity");
        let names = Pseudonymiser::of(&*keyring, &self.tenant).await.expect("keys");
        names.subject(&identity).expect("a pseudonym")
    }

    /// One run of the sweeper.
    pub async fn sweep(&self) {
        let ports = sweep::Ports { requests: self.world.requests(), clock: self.world.clock() };
        if sweep::run(&ports).await.is_err() {
            self.world.injector().revive();
        }
    }

    /// One run of the sweeper of the audit.
    pub async fn sweep_audit(&self) -> sweep_audit::Swept {
        let w = &self.world;
        let ports = sweep_audit::Ports { lists: w.event_lists(), marks: w.audit_marks(), clock: w.clock() };
        sweep_audit::run(&ports, &UnlimitedBudget).await
    }

    /// Lets the time pass until the sweeper looks after a request, and does that; how many minutes it was since
    /// anything happened to it.
    pub async fn sweep_when_due(&self, id: &RequestId) -> i64 {
        let by = self.request(id).progress_by.expect("the sweeper will look after it");
        let at = self.world.events_of(&self.tenant, id).last().expect("events").at;
        self.world.fake_clock().advance_to(by);
        self.sweep().await;
        by.duration_since(at).as_mins()
    }

    /// The request, as it is stored.
    pub fn request(&self, id: &RequestId) -> Request {
        self.world.request(&self.tenant, id).expect("it is there")
    }

    fn let_happen(&self, what: &Mutex<Option<Meanwhile>>, function: &str) {
        let happening = what.lock().expect("not poisoned").take();
        if let Some(mut happening) = happening {
            happening(self, function);
            *what.lock().expect("not poisoned") = Some(happening);
        }
    }

    pub fn packaging(&self) -> package_export::Ports {
        let w = &self.world;
        package_export::Ports {
            requests: w.requests(),
            tenants: w.tenants(),
            keyring: w.keyring(),
            staging: w.staging(),
            catalogs: w.catalogs(),
            packages: w.packages(),
            signer: w.signer(),
            clock: w.clock(),
            entropy: w.entropy(),
            limits: self.manner.limits.unwrap_or_default(),
        }
    }

    async fn step(&self, call: &Call) -> Result<Value, StepError> {
        let w = &self.world;
        let budget: Box<dyn Budget> = match self.manner.pages {
            Some(pages) => Box::new(CountedBudget::new(pages)),
            None => Box::new(UnlimitedBudget),
        };
        let budget = Watched { stage: self, function: &call.function, budget };
        macro_rules! ports {
            ($step:ident: $($port:ident),*) => { $step::Ports { $($port: w.$port()),* } };
        }
        let json = |value: contract::step::Decision| serde_json::to_value(value).expect("json");
        match call.function.as_str() {
            "PlanFunctionArn" => {
                let ports = ports!(plan: requests, keyring, staging, catalogs, clock, entropy);
                plan::run(&ports, &input::<Run>(call)).await.map(json)
            }
            "LocateStoreFunctionArn" => {
                let ports =
                    ports!(locate_store: requests, keyring, staging, catalogs, stores, clock, entropy);
                let ran = locate_store::run(&ports, &input::<StoreRun>(call), &budget).await?;
                finished(ran).map(|()| Value::Null)
            }
            "PinPlanFunctionArn" => {
                let ports = ports!(pin_plan: requests, keyring, staging, catalogs, clock, entropy);
                pin_plan::run(&ports, &input::<Run>(call)).await.map(json)
            }
            "CheckSanctionsFunctionArn" => {
                let ports = ports!(check_sanctions: requests, holds, sanctions, tenants, keyring, staging, catalogs, clock, entropy);
                check_sanctions::run(&ports, &input::<CheckRun>(call)).await.map(json)
            }
            "SuppressStoreFunctionArn" => {
                let ports =
                    ports!(suppress_store: requests, keyring, staging, catalogs, stores, clock, entropy);
                let ran = suppress_store::run(&ports, &input::<StoreRun>(call), &budget).await?;
                finished(ran).map(|()| Value::Null)
            }
            "RestoreStoreFunctionArn" => {
                let ports =
                    ports!(restore_store: requests, keyring, staging, catalogs, stores, clock, entropy);
                let ran = restore_store::run(&ports, &input::<StoreRun>(call), &budget).await?;
                finished(ran).map(|()| Value::Null)
            }
            "EraseStoreFunctionArn" => {
                let ports = ports!(erase_store: requests, holds, sanctions, tenants, keyring, staging, catalogs, stores, clock, entropy);
                let ran = erase_store::run(&ports, &input::<StoreRun>(call), &budget).await?;
                finished(ran).map(|()| Value::Null)
            }
            "ConfirmStoreFunctionArn" => {
                let ports =
                    ports!(confirm_store: requests, keyring, staging, catalogs, stores, clock, entropy);
                let ran = confirm_store::run(&ports, &input::<StoreRun>(call), &budget).await?;
                finished(ran).map(|()| Value::Null)
            }
            "CloseRequestFunctionArn" => {
                let ports = ports!(close_request: requests, keyring, staging, catalogs, ledger, tenants, clock, entropy);
                close_request::run(&ports, &input::<Run>(call), &budget).await.map(json)
            }
            "RecheckFunctionArn" => {
                let ports = ports!(recheck: requests, keyring, staging, catalogs, tenants, stores, pager, clock, entropy);
                recheck::run(&ports, &input::<Run>(call), &budget).await.map(json)
            }
            "CollectStoreFunctionArn" => {
                let ports =
                    ports!(collect_store: requests, keyring, staging, catalogs, stores, clock, entropy);
                let ran = collect_store::run(&ports, &input::<StoreRun>(call), &budget).await?;
                finished(ran).map(|()| Value::Null)
            }
            "PackageExportFunctionArn" => {
                let ports = self.packaging();
                package_export::run(&ports, &input::<Run>(call), &budget).await.map(json)
            }
            "AnnounceFunctionArn" if call.state == "AnnounceExport" => {
                assert_eq!(input::<AnnounceRun>(call).what, What::Export);
                let ports = ports!(announce_export: requests, tenants, catalogs, keyring, staging, announcer, mailer, clock, entropy);
                Ok(json(announce_export::run(&ports, &input::<Run>(call)).await?.decision))
            }
            "SweepFunctionArn" => {
                let ports = ports!(sweep_export: requests, keyring, packages, clock);
                sweep_export::run(&ports, &input::<Run>(call)).await.map(|()| Value::Null)
            }
            "AnnounceFunctionArn" => {
                assert_eq!(input::<AnnounceRun>(call).what, What::Outcome);
                let ports = ports!(announce: requests, tenants, announcer, clock);
                announce::run(&ports, &input::<Run>(call)).await.map(|()| Value::Null)
            }
            "RecordFailureFunctionArn" => {
                let ports = ports!(record_failure: requests, clock);
                record_failure::run(&ports, &input::<Caught>(call)).await.map(|()| Value::Null)
            }
            "ParkRequestFunctionArn" => {
                let ports = ports!(park_request: requests, clock);
                park_request::run(&ports, &input::<Park>(call)).await.map(|()| Value::Null)
            }
            other => panic!("the state machine calls {other}, which no step answers"),
        }
    }
}

/// A step's time, and what happens meanwhile.
struct Watched<'a> {
    stage: &'a Stage,
    function: &'a str,
    budget: Box<dyn Budget>,
}

impl Budget for Watched<'_> {
    fn is_spent(&self) -> bool {
        self.stage.let_happen(&self.stage.during, self.function);
        self.budget.is_spent()
    }

    fn is_half_spent(&self) -> bool {
        self.budget.is_half_spent()
    }
}

fn input<T: DeserializeOwned>(call: &Call) -> T {
    serde_json::from_value(call.payload.clone())
        .unwrap_or_else(|e| panic!("{} is called with what it cannot read: {e}", call.state))
}

#[async_trait]
impl Tasks for Stage {
    async fn invoke(&self, call: &Call) -> Result<Value, TaskError> {
        self.let_happen(&self.meanwhile, &call.function);
        let first = self.step(call).await;
        if self.world.injector().revive() {
            // The process died in the middle: whatever it would have answered is lost.
            return Err(TaskError::lambda("Runtime.ExitError", "the process ended"));
        }
        // The answer of a call that succeeded can be lost on the way: it is then made again.
        let answer = if self.manner.twice && first.is_ok() { self.step(call).await } else { first };
        answer.map_err(|error| TaskError::lambda(error.error_type(), &error.to_string()))
    }
}

async fn plant(world: &World) -> plant_controls::Done {
    let ports = plant_controls::Ports {
        tenants: world.tenants(),
        catalogs: world.catalogs(),
        stores: world.stores(),
        entropy: world.entropy(),
    };
    plant_controls::run(&ports, &UnlimitedBudget).await
}

/// The result of something that is all in memory, and so never waits.
pub fn at_once<T>(future: impl Future<Output = T>) -> T {
    futures::FutureExt::now_or_never(future).expect("in memory nothing waits")
}

/// What an operation counted in a store.
pub fn tally(stage: &Stage, id: &RequestId, op: Operation, store: &str) -> Tally {
    let tasks = stage.world.tasks_of(&stage.tenant, id);
    tasks.into_iter().find(|t| t.op == op && t.store.as_str() == store).map(|t| t.tally).unwrap_or_default()
}
