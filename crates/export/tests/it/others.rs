//! Nobody else is named by what files are called.

use domain::catalog::Collection;
use domain::export::{Datum, Format, Row};
use export::{Limits, Packager, mask};

use crate::support::{about, collection, columns, content, fields, finish, manifest, stores, unzip};

/// With signs that no signature has: two letters alone stand in one of fifty.
const AGENTS: [&str; 2] = ["Bo Ek", "priya@shop.example"];

#[test]
fn no_file_is_called_as_somebody_else() {
    for format in Format::ALL {
        let stores = stores();
        let object = Some("{customer_id}/{agent}.json".to_owned());
        let chats = Collection { object, ..collection(&stores[1], "tickets") };
        let rows = AGENTS.map(|agent| {
            let key = format!("C001/{agent}.json");
            let said = fields(&[("customer_id", Datum::text("C001")), ("agent", Datum::text(agent))]);
            let row = Row { content: Some(content(&key, None, true, 2)), ..said };
            let (row, masked) = mask::row(&chats, row, &["C001"]);
            assert_eq!(masked, 1);
            let held = row.content.as_ref().expect("a content");
            assert_eq!(held.key.expose(), key, "its content is read by its own key");
            // It is staged in between.
            let staged = serde_json::to_string(&row).expect("it serialises");
            serde_json::from_str::<Row>(&staged).expect("it reads")
        });
        let mut packager = Packager::begin(about(format), Limits::default(), None).expect("it begins");
        packager.open(&stores[1], &chats, &columns(&rows[0])).expect("it opens");
        for row in &rows {
            packager.content(row.content.as_ref().expect("a content")).expect("it begins");
            packager.write(b"{}").expect("it is written");
            packager.content_end(0).expect("it ends");
        }
        for row in &rows {
            packager.record(row, 1).expect("it is written");
        }
        packager.close().expect("it closes");
        let (bytes, _) = finish(packager);
        let files = unzip(&bytes);
        let paths = ["", "~2"].map(|n| format!("support/tickets/C001/[another person's].json{n}"));
        let listed = manifest(&files).files;
        for path in &paths {
            assert!(files.contains_key(path), "{:?}", files.keys());
            assert!(listed.iter().any(|file| file.path == *path));
        }
        for (name, content) in &files {
            let text = String::from_utf8_lossy(content);
            for agent in AGENTS {
                assert!(!name.contains(agent) && !text.contains(agent), "{name} names {agent}");
            }
        }
        let ending = if format == Format::Json { "jsonl" } else { format.as_str() };
        let records = String::from_utf8_lossy(&files[&format!("support/tickets.{ending}")]).into_owned();
        let records = records.replace("&apos;", "'");
        assert!(paths.iter().all(|path| records.contains(path.as_str())), "{records}");
        let page = String::from_utf8_lossy(&files["index.html"]).into_owned();
        assert!(
            page.contains("<a href=\"support/tickets/C001/%5Banother%20person%27s%5D.json~2\">"),
            "{page}"
        );
    }
}
