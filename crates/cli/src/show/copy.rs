//! A database that was copied.

use std::path::Path;

use connectors::sql::copy::{Table as Found, TableKind};

use crate::screen::Screen;
use crate::text::table::{Table, cell, numbers, words};
use crate::text::{Line, Tone, count};

/// What is in the copy: rows of each table, and which references lead nowhere.
pub fn copied(
    found: &[Found],
    rows: &[u64],
    cut: &[(String, String)],
    out: &Path,
    screen: &mut Screen,
) -> std::io::Result<()> {
    let all = || found.iter().zip(rows);
    if screen.json() {
        let tables: Vec<_> =
            all().map(|(table, rows)| serde_json::json!({"table": table.name, "rows": rows})).collect();
        let cut: Vec<_> = cut.iter().map(|(from, to)| serde_json::json!({"from": from, "to": to})).collect();
        return screen.json_line(&serde_json::json!({"tables": tables, "cut": cut}).to_string());
    }
    let mut table = Table::new(&[words("table"), numbers("rows")]);
    for (found, rows) in all() {
        table.row([cell(&found.name), cell(rows.to_string())]);
    }
    let mut lines = table.lines(screen.width(), 0);
    for (from, to) in cut {
        let text =
            format!("{from} refers to {to}: as was decided, those references lead nowhere in the copy.");
        lines.push(Line::of(Tone::Warn, text));
    }
    for found in found.iter().filter(|found| found.kind == TableKind::Unknown) {
        let text = format!("{} was left out: the module that makes it is not known here.", found.name);
        lines.push(Line::of(Tone::Warn, text));
    }
    let text = format!("{}: {}, masked, of one moment", out.display(), count(rows.iter().sum(), "row"));
    lines.push(Line::of(Tone::Good, text));
    screen.lines(&lines)
}
