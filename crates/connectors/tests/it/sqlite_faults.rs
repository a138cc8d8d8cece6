//! What goes wrong with a SQLite file.

use connectors::sql::Sql;
use domain::Personal;
use domain::catalog::FieldKind;
use domain::plan::Value;
use ports::stores::Treatment;
use ports::{Class, Code, Connector, Fault};
use testkit::conformance::Scene;

use crate::sqlite::{Shape, SqliteFile, fresh};

const MARK: &str = "marked-person@example.com";

fn mark() -> Value {
    Value::Text(Personal::new(MARK))
}

fn check(fault: &Fault, class: Class, code: Code, detail: &str) {
    let told = format!("{fault} {fault:?}");
    assert!(!told.contains("marked"), "{told}");
    let got = (fault.class, fault.code, fault.detail.as_str());
    assert_eq!(got, (class, code, detail));
}

/// A table where another one is expected, with a record of the person in it.
async fn instead(table: &str) -> (SqliteFile, Fault) {
    let file = fresh(Shape::Indexed).await;
    file.run(&format!("DROP TABLE people; {table}")).await;
    let found = Scene::of(&file).page(&[mark()], None).await;
    let fault = found.expect_err("it fails");
    (file, fault)
}

#[tokio::test]
async fn the_table_is_held_to_the_catalog() {
    let (_file, fault) = instead("").await;
    check(&fault, Class::Permanent, Code::StoreRefused, "there is no such table");

    let (_file, fault) = instead("CREATE TABLE people (id INTEGER PRIMARY KEY, email, name, hidden)").await;
    let what = "the table has no column code";
    check(&fault, Class::Permanent, Code::CatalogMismatch, what);

    let (_file, fault) =
        instead("CREATE TABLE people (id INTEGER, email, name, code, hidden, PRIMARY KEY (id, email))").await;
    let what = "the declared key is not unique: declare the table's primary key";
    check(&fault, Class::Permanent, Code::CatalogMismatch, what);

    let columns = "id INTEGER PRIMARY KEY, email, name, code, hidden";
    let (_file, fault) = instead(&format!(
        "CREATE TABLE people ({columns}); INSERT INTO people VALUES (1, '{MARK}', 'n', 'marked', 0)"
    ))
    .await;
    let what = "the field code has another form than the catalog says";
    check(&fault, Class::Permanent, Code::CatalogMismatch, what);
}

#[tokio::test]
async fn a_unique_index_is_a_key_too() {
    let file = fresh(Shape::Indexed).await;
    file.run(
        "DROP TABLE people; CREATE TABLE people (ID INTEGER, email, name, code, hidden, filler); \
        CREATE UNIQUE INDEX k ON people (id)",
    )
    .await;
    let scene = Scene::of(&file);
    scene.plant(&mark(), 2).await;
    assert_eq!(scene.locate(&[mark()]).await.len(), 2);
}

/// The whole page stays as it was, and the fault has the constraint's code and not its values.
#[tokio::test]
async fn a_constraint_stops_the_whole_page() {
    let file = fresh(Shape::Indexed).await;
    file.run("CREATE UNIQUE INDEX one ON people (name)").await;
    let scene = Scene::of(&file);
    scene.plant(&mark(), 3).await;
    let before = scene.rows().await;
    let found = scene.locate(&[mark()]).await;
    let marked = Some(Value::of(FieldKind::Text, "marked"));
    let same = Treatment::Anonymise([("name".to_owned(), marked)].into());
    let fault = scene.erase(&found, &same).await.expect_err("it fails");
    check(&fault, Class::Permanent, Code::StoreRefused, "SQLITE_CONSTRAINT (2067)");
    assert_eq!(scene.rows().await, before);
}

#[tokio::test]
async fn a_lock_that_somebody_holds_may_mend() {
    let file = fresh(Shape::Indexed).await;
    let scene = Scene::of(&file);
    scene.plant(&mark(), 3).await;
    let found = scene.locate(&[mark()]).await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&file.path);
    let mut other = sqlx::ConnectOptions::connect(&options).await.expect("another");
    let lock = sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut other).await;
    lock.expect("the lock");
    let fault = scene.erase(&found, &Treatment::Delete).await.expect_err("it fails");
    check(&fault, Class::Transient, Code::StoreUnavailable, "SQLITE_BUSY (5)");
    let free = sqlx::raw_sql("ROLLBACK").execute(&mut other).await;
    free.expect("it is given back");
    assert_eq!(scene.erased(&found, &Treatment::Delete).await.done, 3);
}

#[tokio::test]
async fn a_file_that_is_missing_or_something_else() {
    let file = fresh(Shape::Indexed).await;
    let scene = Scene::of(&file);
    let target = scene.target();
    let values = [mark()];
    let search = ports::stores::Search { field: "email", values: &values };
    let missing = Sql::at("sqlite:///nowhere/marked", "crm").expect("a connector");
    let found = missing.locate(&target, &search, None).await;
    let fault = found.expect_err("it fails");
    check(&fault, Class::Transient, Code::StoreUnavailable, "the file is not there");

    let path = std::env::temp_dir().join(crate::engine::name("other"));
    std::fs::write(&path, "marked and no database at all".repeat(100)).expect("a file");
    let url = format!("sqlite://{}", path.display());
    let other = Sql::at(&url, "crm").expect("a connector");
    let found = other.locate(&target, &search, None).await;
    std::fs::remove_file(&path).expect("it goes");
    let fault = found.expect_err("it fails");
    check(&fault, Class::Permanent, Code::StoreRefused, "SQLITE_NOTADB (26)");
}

#[tokio::test]
async fn a_cursor_from_elsewhere_is_refused() {
    let file = fresh(Shape::Indexed).await;
    let found = Scene::of(&file).page(&[mark()], Some("marked")).await;
    let fault = found.expect_err("it fails");
    let what = "the cursor was not made by this connector";
    check(&fault, Class::Permanent, Code::PlanUnreadable, what);
}
