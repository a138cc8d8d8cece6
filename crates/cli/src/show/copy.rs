//! A database that was copied.

use std::path::Path;

use connectors::sql::copy::{Copied, Table as Found};

use crate::screen::Screen;
use crate::text::table::{Table, cell, numbers, words};
use crate::text::{Line, Tone, count};

/// What is in the copy: rows of each table, and which references lead nowhere.
pub fn copied(found: &[Found], copied: &Copied, out: &Path, screen: &mut Screen) -> std::io::Result<()> {
    let rows = || found.iter().zip(&copied.rows);
    if screen.json() {
        let tables: Vec<_> =
            rows().map(|(table, rows)| serde_json::json!({"table": table.name, "rows": rows})).collect();
        let cut: Vec<_> =
            copied.cut.iter().map(|(from, to)| serde_json::json!({"from": from, "to": to})).collect();
        return screen.json_line(&serde_json::json!({"tables": tables, "cut": cut}).to_string());
    }
    let mut table = Table::new(&[words("table"), numbers("rows")]);
    for (found, rows) in rows() {
        table.row([cell(&found.name), cell(rows.to_string())]);
    }
    let mut lines = table.lines(screen.width(), 0);
    for (from, to) in &copied.cut {
        let text =
            format!("{from} refers to {to}, which has no rows in the copy: those references lead nowhere.");
        lines.push(Line::of(Tone::Warn, text));
    }
    let all = copied.rows.iter().sum();
    let text = format!("{}: {}, masked, of one moment", out.display(), count(all, "row"));
    lines.push(Line::of(Tone::Good, text));
    screen.lines(&lines)
}
