//! Fetching, over ports in memory.

mod by_code;
mod by_token;
mod page;
mod scenes;
mod visits;

use domain::access::Role;
use domain::event::{Event, EventKind};
use domain::export::{Export, Package};
use domain::{Personal, RequestId, Status};
use jiff::SignedDuration;
use ports::Packages;

use super::{Ports, Visit, Visitor, answer, enter};
use crate::api::tests::{
    Front, PERSON, call, caller, front, id_of, json_of, person, places, plain_front, submission, tenant,
};
use crate::api::{Answer, Principal};
use serde_json::{Value, json};

pub(crate) use scenes::scenes;

/// What is in the package of every test.
const PACKAGE: &[u8] = b"PK what is held";

/// How long the packages of a test are there.
const OPEN_FOR: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Both front doors of one deployment.
struct Door {
    front: Front,
    ports: Ports,
}

fn door_of(front: Front) -> Door {
    let (world, clock) = (&front.world, front.world.clock());
    let ports = Ports {
        requests: world.requests(),
        keyring: world.keyring(),
        links: world.links(),
        visits: world.visits(),
        clock,
        entropy: world.entropy(),
    };
    Door { front, ports }
}

fn door() -> Door {
    door_of(front())
}

fn visitor(address: &str) -> Visitor {
    Visitor { address: Personal::new(address), client: Personal::new("curl/8.5.0") }
}

impl Door {
    /// A request for access, as far as it is taken in.
    async fn submitted(&self, email: &str) -> RequestId {
        let mut body = submission(email);
        body["type"] = json!("access");
        let answer = self.front.post_with(&caller(Role::Backend), "/v1/requests", email, &body).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        id_of(&answer)
    }

    /// A request whose packages are there.
    async fn ready(&self, email: &str, packages: usize) -> RequestId {
        let id = self.submitted(email).await;
        self.pack(&id, packages).await;
        id
    }

    /// Puts a request's packages where it says that they are.
    async fn pack(&self, id: &RequestId, packages: usize) {
        let store: &dyn Packages = &self.front.world;
        for n in 1..=packages {
            let name = format!("part-{n}.zip");
            let mut upload = store.begin(&tenant("demo"), id, &name).await.expect("a package");
            upload.write(PACKAGE.to_vec()).await.expect("bytes");
            upload.finish().await.expect("a package");
        }
        let now = self.ports.clock.now();
        self.front.change(id, |draft| draft.request.status = Status::Planning).await;
        self.front
            .change(id, |draft| {
                draft.request.status = Status::Ready;
                draft.request.progress_by = "2026-03-16T09:15:00Z".parse().ok();
                let export = draft.request.export.as_mut().expect("an export");
                let package = |n| Package {
                    name: format!("part-{n}.zip"),
                    bytes: u64::try_from(PACKAGE.len()).expect("few"),
                    sha256: vault::sha256_hex(PACKAGE),
                };
                export.packages = (1..=packages).map(package).collect();
                export.records = 11;
                export.ready_at = Some(now);
                export.expires_at = now.checked_add(OPEN_FOR).ok();
            })
            .await;
    }

    fn advance(&self, by: SignedDuration) {
        self.front.world.fake_clock().advance(by);
    }

    async fn ask(&self, who: &Principal, method: &str, target: &str) -> Answer {
        answer(&self.ports, &call(who, method, target), &visitor("203.0.113.7")).await
    }

    async fn fetch(&self, who: &Principal, id: &RequestId) -> Answer {
        self.ask(who, "GET", &format!("/v1/requests/{id}/export")).await
    }

    async fn fetch_from(&self, address: &str, id: &RequestId) -> Answer {
        let call = call(&person(&[PERSON]), "GET", &format!("/v1/requests/{id}/export"));
        answer(&self.ports, &call, &visitor(address)).await
    }

    async fn make(&self, who: &Principal, id: &RequestId) -> Answer {
        self.ask(who, "POST", &format!("/v1/requests/{id}/export/code")).await
    }

    /// A new code.
    async fn code(&self, id: &RequestId) -> String {
        let answer = self.make(&caller(Role::Backend), id).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        json_of(&answer)["code"].as_str().expect("a code").to_owned()
    }

    async fn downloads(&self, who: &Principal, id: &RequestId) -> Answer {
        self.ask(who, "GET", &format!("/v1/requests/{id}/downloads")).await
    }

    async fn post_form(&self, tenant: &str, id: &str, form: &[u8]) -> Answer {
        let visit = Visit {
            tenant: tenant.parse().ok(),
            id: Some(id.to_owned()),
            form: form.to_vec(),
            visitor: visitor("198.51.100.9"),
        };
        enter(&self.ports, &visit).await
    }

    /// Enters a code.
    async fn enter(&self, id: &RequestId, code: &str) -> Answer {
        self.post_form("demo", id.as_str(), format!("code={code}").as_bytes()).await
    }

    fn export(&self, id: &RequestId) -> Export {
        self.front.request(id).export.expect("an export")
    }

    /// The events of a kind.
    fn events(&self, id: &RequestId, kind: EventKind) -> Vec<Event> {
        let events = self.front.world.events_of(&tenant("demo"), id);
        events.into_iter().filter(|event| event.kind == kind).collect()
    }

    fn header(answer: &Answer, name: &str) -> Option<String> {
        let found = answer.headers.iter().find(|(own, _)| *own == name);
        found.map(|(_, value)| value.clone())
    }
}

/// The link that an answer sends to; what it gives is in [`testkit::memory::Fetched`].
fn link_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.body);
    Door::header(answer, "location").expect("a link")
}
