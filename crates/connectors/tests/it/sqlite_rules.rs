//! What SQLite does by itself, and what must not follow from it.

use std::slice::from_ref;

use domain::catalog::{FieldKind, Store};
use domain::plan::{Record, Value};
use ports::stores::{Search, Settled, Target, Treatment};
use ports::{Class, Code, Fault};
use serde_json::{Value as Json, json};
use testkit::conformance::{Fixture, Scene};

use crate::engine;
use crate::sqlite::{Shape, SqliteFile, fresh};

fn text(text: &str) -> Value {
    Value::of(FieldKind::Text, text)
}

/// An address is one person's in capital letters too; what a record says is what it is erased by.
#[tokio::test]
async fn an_address_is_found_in_any_letters() {
    for index in ["", "CREATE INDEX small ON people (lower(email))"] {
        let file = fresh(Shape::Indexed).await;
        file.run(index).await;
        let scene = Scene::of(&file);
        for (address, count) in
            [("LuisG@Embraer.com.br", 2), ("luisg@embraer.com.br", 1), ("luis@embraer.com.br", 1)]
        {
            scene.plant(&text(address), count).await;
        }
        let values = [text("luisg@embraer.com.br"), text("LUISG@embraer.com.br")];
        for who in [&values[..], &values[..1], &values[1..]] {
            let found = scene.locate(who).await;
            assert_eq!(found.len(), 3);
            assert_eq!(scene.confirm(who).await, 3);
        }
        let found = scene.locate(&values).await;
        assert_eq!(found[0].via_value, text("LuisG@Embraer.com.br"));
        assert_eq!(found[2].via_value, text("luisg@embraer.com.br"));
        // One is somebody else's by now.
        assert!(file.reassign(&found[1].key, &text("other@example.com")).await);
        let settled = scene.erased(&found, &Treatment::Delete).await;
        assert_eq!(settled, Settled { done: 2, foreign: 1 });
        assert_eq!(scene.confirm(&values).await, 0);
        assert_eq!(scene.rows().await.len(), 2);
    }
}

/// Pages over several addresses at once: none comes twice, and none is passed over.
#[tokio::test]
async fn addresses_in_many_letters_are_paged() {
    let file = fresh(Shape::Indexed).await;
    let scene = Scene::of(&file);
    for address in ["a@example.com", "A@example.com", "b@example.com", "A@Example.com", "c@example.com"] {
        scene.plant(&text(address), 300).await;
    }
    let who = [text("a@example.com"), text("A@EXAMPLE.com"), text("b@example.com")];
    assert_eq!(scene.locate(&who).await.len(), 1200);
    assert_eq!(scene.confirm(&who).await, 1200);
}

/// A database that is restored from a backup is another file at the same place. What is done to the old
/// one, which nobody else can see any more, is not called done.
#[tokio::test]
async fn a_file_that_was_replaced_is_the_one_that_is_read_and_erased() {
    for shape in [Shape::Indexed, Shape::Logged] {
        let file = fresh(shape).await;
        let scene = Scene::of(&file);
        let who = text("a@example.com");
        scene.plant(&who, 3).await;
        file.run("PRAGMA wal_checkpoint(TRUNCATE)").await;
        let backup = file.path.with_extension("backup");
        std::fs::copy(&file.path, &backup).expect("a backup");
        let found = scene.locate(from_ref(&who)).await;
        assert_eq!(scene.erased(&found, &Treatment::Delete).await.done, 3);
        assert_eq!(scene.confirm(from_ref(&who)).await, 0);

        // The old file stays open, as it is in a function that is warm.
        for end in ["-wal", "-shm"] {
            let mut log = file.path.clone().into_os_string();
            log.push(end);
            let _ = std::fs::remove_file(log);
        }
        std::fs::rename(&backup, &file.path).expect("restored");
        assert_eq!(scene.confirm(from_ref(&who)).await, 3, "the re-read sees what everybody sees");
        let again = scene.locate(from_ref(&who)).await;
        assert_eq!(again.len(), 3);
        assert_eq!(scene.erased(&again, &Treatment::Delete).await.done, 3);
        assert_eq!(scene.confirm(from_ref(&who)).await, 0);
        let url = format!("sqlite://{}", file.path.display());
        let seen = sqlx::SqlitePool::connect(&url).await.expect("opened");
        let left: i64 =
            sqlx::query_scalar("SELECT count(*) FROM people").fetch_one(&seen).await.expect("a count");
        assert_eq!(left, 0, "and so does anybody else");
    }
}

/// Only addresses are: another text in other letters may be another person.
#[tokio::test]
async fn other_texts_are_compared_letter_by_letter() {
    let mut file = fresh(Shape::Indexed).await;
    let field = file.store.collections[0].fields.get_mut("email").expect("the field");
    field.identity = Some("customer_id".parse().expect("a type"));
    let scene = Scene::of(&file);
    scene.plant(&text("aB"), 1).await;
    scene.plant(&text("ab"), 2).await;
    assert_eq!(scene.locate(&[text("ab")]).await.len(), 2);
    assert_eq!(scene.confirm(&[text("aB")]).await, 1);
    assert_eq!(scene.confirm(&[text("AB")]).await, 0);
}

const FIELDS: &str = "id INTEGER PRIMARY KEY, code INTEGER UNIQUE, person INTEGER";

/// `people`, and `notes`, `copies` which are made so; some of them in the catalog.
async fn related(
    notes: &str,
    copies: &str,
    catalogued: &[(&str, &str)],
    method: &str,
) -> (SqliteFile, Store) {
    let file = fresh(Shape::Indexed).await;
    file.run(&format!(
        "DROP TABLE people; CREATE TABLE people ({FIELDS}); CREATE TABLE notes ({FIELDS}{notes}); \
        CREATE TABLE copies ({FIELDS}{copies}); INSERT INTO people VALUES (1, 70, 7), (2, 80, 8); \
        INSERT INTO notes VALUES (3, 70, 1); INSERT INTO copies VALUES (5, 71, 70)"
    ))
    .await;
    let collection = |name: &str, method: &str, person: Json| {
        json!({"name": name, "resource": name, "key": ["id"],
            "erasure": {"method": method, "reason": "r", "law": "l"},
            "fields": {
                "id": {"category": "system", "class": "internal", "kind": "number"},
                "code": {"category": "system", "class": "internal", "kind": "number", "anonymise": "surrogate"},
                "person": person}})
    };
    let person = json!({"category": "user", "class": "internal", "kind": "number", "identity": "customer",
        "index": "i", "anonymise": "surrogate"});
    let child = json!({"category": "user", "class": "internal", "kind": "number",
        "references": "crm.people.id", "index": "i", "anonymise": "surrogate"});
    let mut collections = vec![collection("people", method, person)];
    collections.extend(catalogued.iter().map(|(name, method)| collection(name, method, child.clone())));
    let store = engine::store(json!({"id": "crm", "kind": "sql", "connection": "crm",
        "owner": {"team": "sales", "page": "p"}, "collections": collections}));
    (file, store)
}

async fn locate(file: &SqliteFile, store: &Store) -> Result<Vec<Record>, Fault> {
    let target = Target { store, collection: &store.collections[0], wanted: &[] };
    let values = [Value::of(FieldKind::Number, "7")];
    let search = Search { field: "person", values: &values };
    Ok(file.connector().locate(&target, &search, None).await?.records)
}

/// Each is refused with the table and the rule, and nothing is touched.
#[tokio::test]
async fn what_would_change_other_tables_by_itself_is_refused() {
    const TO_PERSON: &str = ", FOREIGN KEY (person) REFERENCES people";
    let check =
        async |notes: &str, copies: &str, catalogued: &[(&str, &str)], method, expect: Option<[&str; 2]>| {
            let (file, store) = related(notes, copies, catalogued, method).await;
            let found = locate(&file, &store).await;
            let Some([rule, table]) = expect else {
                assert_eq!(found.expect("it is in order").len(), 1, "{notes} {copies}");
                return;
            };
            let fault = found.expect_err("it is refused");
            assert_eq!((fault.class, fault.code), (Class::Permanent, Code::CatalogMismatch));
            assert_eq!(fault.target, "crm.people");
            let begins = format!("by a foreign key with {rule}, erasing from people would change {table},");
            assert!(fault.detail.starts_with(&begins), "{}", fault.detail);
            assert!(fault.detail.contains("sales must catalog it"), "{}", fault.detail);
        };
    for (rule, told) in [
        ("CASCADE", "ON DELETE CASCADE"),
        ("SET NULL", "ON DELETE SET NULL or SET DEFAULT"),
        ("SET DEFAULT", "ON DELETE SET NULL or SET DEFAULT"),
    ] {
        let notes = format!("{TO_PERSON} ON DELETE {rule}");
        check(&notes, "", &[], "delete", Some([told, "notes"])).await;
        check(&notes, "", &[("notes", "anonymise")], "delete", Some([told, "notes"])).await;
        check(&notes, "", &[("notes", "delete")], "delete", None).await;
        check(&notes, "", &[], "anonymise", None).await;
    }
    for rule in ["", " ON DELETE NO ACTION", " ON DELETE RESTRICT", " ON UPDATE CASCADE"] {
        check(&format!("{TO_PERSON}{rule}"), "", &[], "delete", None).await;
    }
    // From table to table: the notes may go, but not what refers to them.
    let cascade = format!("{TO_PERSON} ON DELETE CASCADE");
    let to_notes = ", FOREIGN KEY (person) REFERENCES notes (code) ON DELETE CASCADE";
    let told = "ON DELETE CASCADE";
    check(&cascade, to_notes, &[("notes", "delete")], "delete", Some([told, "copies"])).await;
    check(&cascade, to_notes, &[("notes", "delete"), ("copies", "delete")], "delete", None).await;
    // A key that is replaced, and one that is not.
    let on_code = ", FOREIGN KEY (code) REFERENCES people (code) ON UPDATE CASCADE";
    check(on_code, "", &[], "anonymise", Some(["ON UPDATE CASCADE", "notes"])).await;
    check(on_code, "", &[("notes", "delete")], "anonymise", None).await;
    check(&format!("{TO_PERSON} ON UPDATE CASCADE"), "", &[], "anonymise", None).await;
}

#[tokio::test]
async fn rows_of_the_table_itself_that_refer_to_the_person_s_are_not_taken_along() {
    let (file, store) = related("", "", &[], "delete").await;
    file.run(
        "DROP TABLE people; CREATE TABLE people (id INTEGER PRIMARY KEY, code INTEGER, person INTEGER, \
        boss INTEGER REFERENCES people ON DELETE CASCADE)",
    )
    .await;
    let fault = locate(&file, &store).await.expect_err("it is refused");
    assert!(fault.detail.starts_with("by a foreign key with ON DELETE CASCADE"), "{}", fault.detail);
}

/// What was in order for one collection, or one version of the catalog, need not be for another.
#[tokio::test]
async fn another_collection_of_the_same_table_is_looked_at_too() {
    let (file, mut store) = related("", "", &[], "delete").await;
    assert_eq!(locate(&file, &store).await.expect("it is in order").len(), 1);
    let fields = &mut store.collections[0].fields;
    let more = fields["code"].clone();
    fields.insert("added".to_owned(), more);
    let fault = locate(&file, &store).await.expect_err("it is refused");
    assert_eq!(fault.detail, "the table has no column added");
}

/// What Lacuna never writes is somebody else's flag: it stays, and the step fails.
#[tokio::test]
async fn a_flag_of_somebody_else_s_is_left_alone() {
    let file = fresh(Shape::Indexed).await;
    let scene = Scene::of(&file);
    let who = [text("a@example.com")];
    scene.plant(&who[0], 3).await;
    file.run("UPDATE people SET hidden = 2 WHERE id = 2").await;
    let found = scene.locate(&who).await;
    let hiding = file.suppressor().expect("it hides");
    for hidden in [true, false, true] {
        let fault = hiding.set_hidden(&scene.target(), &found, hidden).await.expect_err("it fails");
        assert_eq!((fault.class, fault.code), (Class::Permanent, Code::CatalogMismatch));
        assert_eq!(
            fault.detail,
            "the suppression flag hidden is neither 0 nor 1, so somebody else writes it"
        );
    }
    let flags: Vec<_> = scene.rows().await.into_iter().map(|row| row.fields["hidden"].clone()).collect();
    assert_eq!(flags, ["1", "2", "1"]);
}
