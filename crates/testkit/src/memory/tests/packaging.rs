use domain::Personal;
use jiff::SignedDuration;
use ports::{Class, Letter, Links, Mailer, Packages};

use super::{World, new_request, tenant};
use crate::inject::{Plan, Point, When};

fn letter() -> Letter {
    Letter {
        to: Personal::new("marked@example.com"),
        from: "privacy@shop.example".to_owned(),
        template: "ready".to_owned(),
        data: [("code".to_owned(), Personal::new("4711"))].into(),
    }
}

/// What the faults are for: an upload that dies is there until somebody tidies up.
#[tokio::test]
async fn a_process_that_dies_leaves_its_upload_to_the_next_attempt() {
    let (world, id) = (World::default(), new_request(1, vec![]).request.id);
    let mut upload = Packages::begin(&world, &tenant(), &id, "a").await.expect("begun");
    world.injector().arm(Plan::nth(Point::PackagesWrite, 0).crash());
    assert!(upload.write(vec![1]).await.is_err());
    drop(upload);
    assert_eq!(world.unfinished_packages("").len(), 1);
    assert!(world.injector().revive());
    world.injector().disarm();
    let mut upload = Packages::begin(&world, &tenant(), &id, "a").await.expect("begun");
    assert_eq!(world.unfinished_packages("").len(), 1, "only the present one");
    upload.write(vec![2]).await.expect("written");
    upload.finish().await.expect("finished");
    assert_eq!(world.package(&format!("demo/{id}/a")), Some(vec![2]));
}

#[tokio::test]
async fn a_lost_answer_is_a_fault_though_the_package_is_there() {
    let (world, id) = (World::default(), new_request(1, vec![]).request.id);
    let upload = Packages::begin(&world, &tenant(), &id, "a").await.expect("begun");
    world.injector().arm(Plan::nth(Point::PackagesFinish, 0).when(When::After));
    assert!(upload.finish().await.is_err());
    assert_eq!(world.package(&format!("demo/{id}/a")), Some(vec![]));
}

#[tokio::test]
async fn a_destruction_that_dies_midway_leaves_some_and_the_next_leaves_none() {
    let (world, id) = (World::default(), new_request(1, vec![]).request.id);
    for version in 0..4 {
        let mut upload = Packages::begin(&world, &tenant(), &id, "a").await.expect("begun");
        upload.write(vec![version]).await.expect("written");
        upload.finish().await.expect("finished");
    }
    world.injector().arm(Plan::nth(Point::PackagesDestroy, 0).when(When::Midway));
    assert!(world.destroy(&tenant(), &id).await.is_err());
    assert_eq!(world.stored_packages("").len(), 2);
    assert_eq!(world.destroy(&tenant(), &id).await, Ok(()));
    assert_eq!(world.stored_packages(""), []);
}

#[tokio::test]
async fn a_link_says_how_its_package_is_saved() {
    let (world, id) = (World::default(), new_request(1, vec![]).request.id);
    let upload = Packages::begin(&world, &tenant(), &id, "a").await.expect("begun");
    upload.finish().await.expect("finished");
    let minute = SignedDuration::from_mins(1);
    let link = Links::sign(&world, &tenant(), &id, "a", "Your \"data\".zip", minute).await;
    let link = link.expect("signed").expect("there");
    let fetched = world.fetch(link.url.expose()).expect("fetched");
    assert_eq!((fetched.bytes, &*fetched.file_name), (vec![], "Your__data_.zip"));
}

#[tokio::test]
async fn letters_are_kept_and_may_come_twice() {
    let world = World::default();
    world.injector().arm(Plan::nth(Point::MailerSend, 0).when(When::After));
    let fault = world.send(&letter()).await.expect_err("lost");
    assert_eq!((fault.class, &*fault.target), (Class::Transient, "ready"));
    world.send(&letter()).await.expect("sent");
    let letters = world.letters();
    assert_eq!(letters.len(), 2);
    assert_eq!(letters[0].to.expose(), "marked@example.com");
}
