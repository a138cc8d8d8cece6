//! The staging bucket and the catalogs.

use std::sync::Arc;

use contract::catalog::read_yaml;
use ports::{Class, Code};

use super::{account, engine, fresh, objects};

const CATALOG: &str = include_str!("../../../../localstack/catalog.yaml");

#[tokio::test]
#[ignore = "needs an engine"]
async fn sealed_objects_are_put_replaced_and_deleted_by_prefix() {
    let sdk = engine().await;
    let bucket = fresh("staging");
    let client = objects(&sdk);
    let created = client.create_bucket().bucket(&bucket).send().await;
    created.expect("a bucket");
    let staging = account(&sdk, &[("LACUNA_STAGING_BUCKET", &bucket)]).staging();
    let staging = staging.expect("the staging bucket");

    assert_eq!(staging.get("a/1").await, Ok(None));
    assert_eq!(staging.put("a/1", b"one".to_vec()).await, Ok(()));
    assert_eq!(staging.put("a/1", b"two".to_vec()).await, Ok(()));
    assert_eq!(staging.get("a/1").await, Ok(Some(b"two".to_vec())));
    assert_eq!(staging.put("a/empty", vec![]).await, Ok(()));
    assert_eq!(staging.get("a/empty").await, Ok(Some(vec![])));

    // More than one page of a listing, and of a deletion.
    for n in 0..1_050 {
        assert_eq!(staging.put(&format!("b/{n}"), vec![1]).await, Ok(()));
    }
    assert_eq!(staging.put("bystander", vec![1]).await, Ok(()));
    assert_eq!(staging.delete_all("b/").await, Ok(()));
    assert_eq!(staging.delete_all("b/").await, Ok(()));
    let left = client.list_objects_v2().bucket(&bucket).send().await;
    let left: Vec<String> = left
        .expect("a listing")
        .contents()
        .iter()
        .filter_map(|object| object.key().map(str::to_owned))
        .collect();
    assert_eq!(left, ["a/1", "a/empty", "bystander"]);

    let everything = staging.delete_all("").await;
    assert_eq!(everything.map_err(|f| f.class), Err(Class::Permanent));
}

#[tokio::test]
#[ignore = "needs an engine"]
async fn an_object_of_sixteen_mebibytes_is_read_and_a_larger_one_is_not() {
    let sdk = engine().await;
    let bucket = fresh("staging");
    let created = objects(&sdk).create_bucket().bucket(&bucket).send().await;
    created.expect("a bucket");
    let staging = account(&sdk, &[("LACUNA_STAGING_BUCKET", &bucket)]).staging();
    let staging = staging.expect("the staging bucket");
    let most = 16 << 20;
    staging.put("most", vec![7; most]).await.expect("put");
    staging.put("more", vec![7; most + 1]).await.expect("put");
    let got = staging.get("most").await.expect("got").map(|b| b.len());
    assert_eq!(got, Some(most));
    let fault = staging.get("more").await.expect_err("too large");
    assert_eq!((fault.class, &*fault.detail), (Class::Permanent, "too-large"));
}

#[tokio::test]
#[ignore = "needs an engine"]
async fn a_missing_bucket_is_a_fault() {
    let sdk = engine().await;
    let bucket = fresh("nowhere");
    let staging = account(&sdk, &[("LACUNA_STAGING_BUCKET", &bucket)]).staging();
    let fault = staging.expect("staging").get("a").await.expect_err("none");
    assert_eq!((fault.class, &*fault.detail), (Class::Permanent, "NoSuchBucket"));
}

#[tokio::test]
#[ignore = "needs an engine"]
async fn a_catalog_is_held_to_its_version() {
    let sdk = engine().await;
    let bucket = fresh("catalogs");
    let client = objects(&sdk);
    let created = client.create_bucket().bucket(&bucket).send().await;
    created.expect("a bucket");
    let published = read_yaml(CATALOG).expect("a catalog");
    let forged = "0".repeat(64);
    for version in [&published.version, &forged] {
        let put = client
            .put_object()
            .bucket(&bucket)
            .key(format!("catalog/{version}.json"))
            .body(published.json.clone().into_bytes().into());
        put.send().await.expect("put");
    }
    let variables = [("LACUNA_CATALOG_BUCKET", &*bucket), ("LACUNA_CATALOG_VERSION", &*published.version)];
    let catalogs = account(&sdk, &variables).catalogs().expect("catalogs");
    assert_eq!(catalogs.current(), published.version);
    let tenant = "demo".parse().expect("a tenant");
    let first = catalogs.get(&tenant, &published.version).await;
    let first = first.expect("the catalog");
    assert_eq!(*first, published.catalog);
    let again = catalogs.get(&tenant, &published.version).await;
    assert!(Arc::ptr_eq(&first, &again.expect("the catalog")));

    for (version, detail) in
        [(&*forged, "not-its-version"), (&*"1".repeat(64), "not-published"), ("../staging", "not-a-version")]
    {
        let fault = catalogs.get(&tenant, version).await.expect_err("none");
        assert_eq!(
            (fault.class, fault.code, &*fault.detail),
            (Class::Permanent, Code::CatalogUnreadable, detail)
        );
    }
}
