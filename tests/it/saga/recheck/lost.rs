//! Who is erased again by a catalog that does not look any more where they were found: that is said, and nothing begins.

use super::again::{changed, publish};
use domain::hold::Verdict;

use super::judging::found_again;
use super::lives::{has_contacts, keep_the_crm};
use super::*;

/// An officer wants the person erased again by this catalog: it stops before anything is touched, and names these.
async fn check(stage: &Stage, id: &RequestId, catalog: &str, lost: &str) {
    publish(stage, catalog).await;
    let before = shop::everything(&stage.world, &stage.tenant);
    assert_eq!(ask(stage, id, Role::Officer, "erase").await, 202);
    stage.play().await;
    let request = stage.request(id);
    assert_eq!((request.status, reached(&request)), (Status::Parked, Some(Reached::Again)), "{lost}");
    let parked = request.parked.clone().expect("why");
    assert_eq!((parked.code.as_str(), parked.transient), ("catalog-mismatch", false), "{lost}");
    assert!(parked.detail.ends_with(&format!(": {lost}")), "{}", parked.detail);
    assert!(shop::everything(&stage.world, &stage.tenant) == before, "{lost}: nothing was touched");
    assert_eq!(count(stage, id, EventKind::ErasedAgain), 0, "{lost}");
    assert!(request.progress_by.is_some(), "it is tried again, until somebody dismisses it");
}

/// A way in which a contact is found; and the same without it.
const BY_NUMBER: (&str, &str) = (
    "class: internal, kind: number, identity: customer_id, index: contacts_by_customer",
    "class: internal, kind: number, index: contacts_by_customer",
);

#[tokio::test]
async fn a_store_or_a_collection_in_which_they_were_found_and_that_is_gone_is_named() {
    let renamed: &[(&str, &str)] = &[
        ("      - name: contacts\n", "      - name: people\n"),
        ("        contacts: { contact_id:", "        people: { contact_id:"),
        ("references: crm.contacts.contact_id", "references: crm.people.contact_id"),
    ];
    let interactions: &[(&str, &str)] = &[
        ("      - name: interactions\n", "      - name: calls\n"),
        ("        interactions: { interaction_id:", "        calls: { interaction_id:"),
    ];
    let store: &[(&str, &str)] =
        &[("  - id: crm\n", "  - id: sales\n"), ("references: crm.contacts", "references: sales.contacts")];
    let kept_elsewhere = &[("        resource: contacts\n", "        resource: contacts_of_this_year\n")];
    for (changes, lost) in [
        (renamed, "crm.contacts, crm.interactions"),
        (interactions, "crm.interactions"),
        (store, "crm"),
        (&[BY_NUMBER], "crm.contacts"),
        (kept_elsewhere, "crm.contacts"),
        (
            &[("    connection: lacuna/demo/crm\n", "    connection: lacuna/demo/crm-2\n")],
            "crm.contacts, crm.interactions, crm.revenue_by_customer",
        ),
    ] {
        let stage = company();
        let id = found_again(&stage).await;
        check(&stage, &id, &changed(changes, ""), lost).await;
        assert_eq!(ask(&stage, &id, Role::Officer, "dismiss").await, 202, "it can be left as it is");
    }
}

/// A store that only references lead to.
const ARCHIVE: &str = "
  - id: archive
    kind: dynamodb
    owner: { team: commerce, page: commerce-oncall }
    control:
      records:
        scans: { InvoiceId: 990001 }
    collections:
      - name: scans
        purpose: To show you what you bought.
        resource: invoice-scans
        key: [InvoiceId]
        erasure: { method: delete }
        fields:
          InvoiceId: { category: system.operations, class: internal, kind: number, references: shop.invoices.InvoiceId }
";

/// What was found refers to what another store does not have by that name any more: nothing leads to it then.
#[tokio::test]
async fn what_they_were_found_by_and_nothing_refers_to_any_more_is_named() {
    let stage = company();
    publish(&stage, &changed(&[], ARCHIVE)).await;
    let scan = || {
        let scan = shop::row(&[("InvoiceId", shop::number(100))]);
        shop::putter(&stage.world, &stage.tenant)("archive", "scans", scan);
    };
    scan();
    let id = erased(&stage).await;
    scan();
    let request = when_due(&stage, &id).await;
    assert_eq!(request.recheck.map(|recheck| recheck.found), Some([(store("archive"), 1)].into()));
    let renamed = &[
        ("      - name: invoices\n", "      - name: bills\n"),
        ("        invoices: { InvoiceId:", "        bills: { InvoiceId:"),
        ("references: shop.invoices.InvoiceId", "references: shop.bills.InvoiceId"),
    ];
    let catalog = changed(renamed, &ARCHIVE.replace("shop.invoices.", "shop.bills."));
    check(&stage, &id, &catalog, "archive.scans").await;

    // The catalog is mended, and whoever resumes it needs not judge anew.
    publish(&stage, &changed(&[], ARCHIVE)).await;
    assert_eq!(ask(&stage, &id, Role::Owner, "resume").await, 202);
    assert_eq!(stage.play_to_the_end(&id).await.status, Status::Fulfilled);
    let archive = stage.world.database(&stage.tenant, &store("archive"));
    assert!(!archive.rows("invoice-scans").iter().any(|row| row["InvoiceId"].expose() == "100"));
}

/// It says where it looks by names of the catalog, and by nothing of the person's; in the log too.
#[tokio::test]
async fn nothing_of_the_person_is_in_what_says_where_they_are_not_looked_for() {
    let stage = company();
    let id = found_again(&stage).await;
    check(&stage, &id, &changed(&[BY_NUMBER], ""), "crm.contacts").await;
    let said = serde_json::to_string(&stage.world.events_of(&stage.tenant, &id)).expect("JSON");
    let request = serde_json::to_string(&stage.request(&id)).expect("JSON");
    for text in [said, request] {
        assert!(!text.contains(PERSON) && !text.contains("Back Again") && !text.contains("C0077"), "{text}");
    }
}

/// What a source wanted kept the first time was not read since: nobody was found there, and it is all there.
#[tokio::test]
async fn what_was_kept_the_first_time_and_is_gone_from_the_catalog_is_named() {
    let renamed: &[(&str, &str)] = &[
        ("      - name: contacts\n", "      - name: people\n"),
        ("        contacts: { contact_id:", "        people: { contact_id:"),
        ("references: crm.contacts.contact_id", "references: crm.people.contact_id"),
    ];
    let store_renamed: &[(&str, &str)] =
        &[("  - id: crm\n", "  - id: sales\n"), ("references: crm.contacts", "references: sales.contacts")];
    for (changes, lost) in [(renamed, "crm.contacts, crm.interactions"), (store_renamed, "crm")] {
        let stage = company();
        stage.world.answer_always("legal-desk", Ok(keep_the_crm()));
        let id = stage.submit(PERSON).await;
        assert_eq!(stage.play_to_the_end(&id).await.status, Status::PartiallyFulfilled);
        shop::invoice(&stage.world, &stage.tenant, 1, 4_242, "Back Again");
        let request = when_due(&stage, &id).await;
        assert_eq!(request.recheck.map(|recheck| recheck.found), Some([(self::store("shop"), 1)].into()));
        stage.world.answer_always("legal-desk", Ok(Verdict::Clear));
        check(&stage, &id, &changed(changes, ""), lost).await;
        assert!(has_contacts(&stage), "{lost}");
    }
}
