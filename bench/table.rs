//! Tables in Markdown.

use std::fmt::Write;

use crate::machine;
use crate::run::{Results, pin};

/// One table: every tool's median, its lowest and highest round, and how many times as fast ours is.
pub fn table(results: &Results, what: &str, ours: &str, show: fn(f64) -> String) -> String {
    let mut text = String::from("| tool | median | lowest to highest | ours is |\n|---|---|---|---|\n");
    let Some(tools) = results.rates.get(what) else { return text };
    let base = results.median(what, ours).unwrap_or(f64::NAN);
    let strongest = results.strongest(what, ours).map(|(tool, _)| tool);
    let mut rows: Vec<(&String, &Vec<f64>, f64)> = tools
        .iter()
        .map(|(tool, rates)| (tool, rates, results.median(what, tool).unwrap_or(f64::NAN)))
        .collect();
    rows.sort_by(|a, b| b.2.total_cmp(&a.2));
    for (tool, rates, median) in rows {
        let lowest = rates.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = rates.iter().copied().fold(0.0, f64::max);
        let ratio = match tool {
            tool if tool == ours => String::new(),
            tool if Some(tool.as_str()) == strongest => format!("**{} as fast**", times(base / median)),
            _ => format!("{} as fast", times(base / median)),
        };
        // Writing to a string does not fail.
        let _ =
            writeln!(text, "| {tool} | {} | {} to {} | {ratio} |", show(median), show(lowest), show(highest));
    }
    text
}

/// `12.3 times`.
pub fn times(ratio: f64) -> String {
    if ratio >= 100.0 { format!("{ratio:.0} times") } else { format!("{ratio:.2} times") }
}

/// A rate of things.
pub fn per_second(rate: f64) -> String {
    format!("{}/s", grouped(rate))
}

/// A rate of bytes.
pub fn gigabytes(rate: f64) -> String {
    format!("{:.3} GB/s", rate / 1e9)
}

/// `1,234,567`.
pub fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What a page ends with: the machine, its load before and after, what was done on it, and the versions.
pub fn measured_on(results: &Results, load: [f64; 2], done: &str) -> String {
    let rust = machine::says("rustc").unwrap_or_default();
    let core = if pin().is_empty() { "not pinned to a core" } else { "each process pinned to the last core" };
    let mut text = format!(
        "\n## Measured on\n\n- {}; {core}\n- load before the run {:.2}, at its end {:.2}: 1 of it is the run\n\
         {done}- {rust}, release profile\n",
        machine::describe(),
        load[0],
        load[1]
    );
    for (tool, version) in &results.versions {
        let _ = writeln!(text, "- {tool}: {version}");
    }
    text
}
