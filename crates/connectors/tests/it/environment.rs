//! From the catalog to the stores, as the steps go: through the environment and the secrets.

use aws_sdk_secretsmanager::Client;
use connectors::Connectors;
use domain::plan::Value;
use ports::Stores;
use ports::stores::Search;
use testkit::conformance::{Fixture, Scene};

use crate::{dynamodb, engine, s3, sqlite};

async fn finds(stores: &Connectors, fixture: &dyn Fixture, count: usize) {
    let scene = Scene::of(fixture);
    let who: [Value; 1] = [fixture.person(1)];
    scene.plant(&who[0], count).await;
    let tenant = "shop".parse().expect("a tenant");
    let connector = stores.connector(&tenant, fixture.store()).await.expect("a connector");
    let search = Search { field: fixture.field(), values: &who };
    let found = connector.locate(&scene.target(), &search, None).await.expect("a page");
    assert_eq!(found.records.len(), count);
    let hides = stores.suppressor(&tenant, fixture.store()).await.expect("an answer");
    assert_eq!(hides.is_some(), fixture.suppressor().is_some());
    let collector = stores.collector(&tenant, fixture.store()).await.expect("a collector");
    let collected = collector.collect(&scene.target(), &found.records).await.expect("rows");
    assert_eq!(collected.taken, count);
    let contents = stores.contents(&tenant, fixture.store()).await.expect("an answer");
    assert_eq!(contents.is_some(), fixture.contents().is_some());
}

/// `AWS_ENDPOINT_URL`, `AWS_REGION` and credentials lead to DynamoDB, S3 and Secrets Manager, and the
/// secret to the database.
#[tokio::test]
#[ignore = "needs the local engine: see main.rs"]
async fn the_environment_leads_to_every_store() {
    let stores = Connectors::from_environment();
    finds(&stores, &dynamodb::fresh(dynamodb::Shape::Indexed).await, 3).await;
    finds(&stores, &s3::fresh(s3::Shape::Versioned).await, 4).await;

    let mut file = sqlite::fresh(sqlite::Shape::Indexed).await;
    let secret = format!("lacuna/shop/{}", engine::name("secret"));
    let url = format!("sqlite://{}", file.path.display());
    let secrets = Client::new(&engine::config().await);
    let text = serde_json::json!({ "url": url }).to_string();
    let made = secrets.create_secret().name(&secret).secret_string(text).send().await;
    made.expect("a secret");
    file.store.connection = Some(secret);
    finds(&stores, &file, 5).await;

    file.store.connection = Some("lacuna/shop/no-such-secret".to_owned());
    let tenant = "shop".parse().expect("a tenant");
    let Err(fault) = stores.connector(&tenant, &file.store).await else {
        panic!("a secret that is not there is accepted");
    };
    assert_eq!(fault.class, ports::Class::Permanent);
    assert_eq!(fault.detail, "ResourceNotFoundException");
}
