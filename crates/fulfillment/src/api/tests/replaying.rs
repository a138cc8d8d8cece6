//! A replay is begun while somebody else changes how its store stands.

use std::sync::Mutex;

use async_trait::async_trait;
use domain::access::Role;
use ports::{Class, Code, Fault, KeyScope, Keyring};
use vault::DataKey;

use super::scenes::count;
use super::*;

/// Keys as the API's role has them where it is deployed: it may make a replay's, and may not open it. After it has made one,
/// another call comes in between, once.
struct Deployed {
    inner: Arc<dyn Keyring>,
    rival: Mutex<Option<(Front, Call)>>,
}

#[async_trait]
impl Keyring for Deployed {
    async fn obtain(&self, scope: &KeyScope) -> Result<DataKey, Fault> {
        let is_replay = matches!(scope, KeyScope::Replay(..));
        if is_replay && self.inner.exists(scope).await? {
            return Err(Fault::new(Class::Permanent, Code::KeyUnavailable, "decrypt", "kms", "AccessDenied"));
        }
        let key = self.inner.obtain(scope).await?;
        let rival = self.rival.lock().expect("a lock").take_if(|_| is_replay);
        if let Some((front, call)) = rival {
            assert_eq!(Box::pin(front.send(&call)).await.status, 202);
            Box::pin(count(&front)).await;
        }
        Ok(key)
    }

    async fn open(&self, scope: &KeyScope) -> Result<Option<DataKey>, Fault> {
        self.inner.open(scope).await
    }

    async fn open_version(&self, scope: &KeyScope, version: u32) -> Result<Option<DataKey>, Fault> {
        self.inner.open_version(scope, version).await
    }

    async fn exists(&self, scope: &KeyScope) -> Result<bool, Fault> {
        self.inner.exists(scope).await
    }

    async fn destroy(&self, scope: &KeyScope) -> Result<(), Fault> {
        self.inner.destroy(scope).await
    }
}

/// Another dry run is made in between: what was read of the store is not how it stands, so it is decided anew.
#[tokio::test]
async fn the_key_of_a_replay_is_made_once_however_often_it_is_decided() {
    let (mut front, who) = (front(), caller(Role::Owner));
    let restored = json!({"store": "crm", "taken_at": "2026-03-01T09:00:00Z"});
    assert_eq!(front.post(&who, "/v1/ledger/restores", &restored).await.status, 201);
    let dry = json!({"store": "crm", "dry_run": true});
    assert_eq!(front.post(&who, "/v1/ledger/replays", &dry).await.status, 202);
    count(&front).await;
    let rival = Call { body: dry.to_string().into(), ..call(&who, "POST", "/v1/ledger/replays") };
    let other = Front { world: front.world.clone(), ports: ports_of(&front.world) };
    let rival = Mutex::new(Some((other, rival)));
    let keyring = Arc::new(Deployed { inner: front.world.keyring(), rival });
    front.ports.keyring = Arc::clone(&keyring) as Arc<dyn Keyring>;
    let begun = front.post(&who, "/v1/ledger/replays", &json!({"store": "crm", "expect": 0})).await;
    assert_eq!(begun.status, 202, "{}", begun.body);
    assert!(keyring.rival.lock().expect("a lock").is_none(), "the other call was first");
    let keys = front.world.keys();
    assert_eq!(keys.iter().filter(|scope| matches!(scope, KeyScope::Replay(..))).count(), 1);
}
