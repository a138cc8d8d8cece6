//! A database that was copied.

use std::path::Path;

use connectors::sql::copy::{Table as Found, TableKind};

use crate::copy::Emptied;
use crate::screen::Screen;
use crate::text::table::{Table, cell, numbers, words};
use crate::text::{Line, Tone, count};

/// What was copied.
pub struct Made<'m> {
    /// The tables.
    pub found: &'m [Found],
    /// References that lead nowhere, as was decided: from, to.
    pub cut: &'m [(String, String)],
    /// Values that were left out since nothing could be found in them.
    pub emptied: &'m Emptied,
    /// Whether any value was decided to be written otherwise than it was.
    pub masked: bool,
    /// How many columns are text that was searched.
    pub searched: usize,
}

/// What is in the copy: rows of each table, which references lead nowhere, and what is not in it.
pub fn copied(made: &Made<'_>, rows: &[u64], out: &Path, screen: &mut Screen) -> std::io::Result<()> {
    let Made { found, cut, emptied, masked, searched } = *made;
    let left_out = || found.iter().filter(|found| found.kind == TableKind::Unknown);
    let all = || found.iter().zip(rows).filter(|(found, _)| found.kind != TableKind::Unknown);
    let emptied = || {
        emptied.iter().filter_map(|((table, column), values)| {
            let table = found.get(*table)?;
            Some((&table.name, &table.columns.get(*column)?.name, *values))
        })
    };
    if screen.json() {
        let tables: Vec<_> =
            all().map(|(table, rows)| serde_json::json!({"table": table.name, "rows": rows})).collect();
        let cut: Vec<_> = cut.iter().map(|(from, to)| serde_json::json!({"from": from, "to": to})).collect();
        let left_out: Vec<_> = left_out().map(|found| &found.name).collect();
        let emptied: Vec<_> = emptied()
            .map(|(table, column, values)| serde_json::json!({"table": table, "column": column, "values": values}))
            .collect();
        return screen.json_line(
            &serde_json::json!({
                "tables": tables,
                "cut": cut,
                "left_out": left_out,
                "emptied": emptied,
                "masked": masked,
                "searched": searched,
            })
            .to_string(),
        );
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
    for found in left_out() {
        let text = format!("{} was left out: the module that makes it is not known here.", found.name);
        lines.push(Line::of(Tone::Warn, text));
    }
    for (table, column, values) in emptied() {
        let values = count(values, "value");
        let text = format!("{table}.{column}: {values} left empty, whose bytes cannot be searched as text.");
        lines.push(Line::of(Tone::Warn, text));
    }
    if searched > 0 {
        let columns = count(u64::try_from(searched).unwrap_or(u64::MAX), "column");
        let text =
            format!("{columns} of text: only what has a form was looked for there; names and prose stay.");
        lines.push(Line::of(Tone::Warn, text));
    }
    let how = if masked {
        "masked, of one moment"
    } else {
        "of one moment; nothing in it is masked, as was decided"
    };
    let text = format!("{}: {}, {how}", out.display(), count(rows.iter().sum(), "row"));
    lines.push(Line::of(if masked { Tone::Good } else { Tone::Warn }, text));
    screen.lines(&lines)
}
