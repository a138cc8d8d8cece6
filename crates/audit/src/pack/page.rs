//! The figures as a page, for people: no script, nothing from elsewhere. It follows from the figures to the last byte, so
//! that whoever checks a pack checks what is read.

use jiff::Timestamp;

use super::metrics::{ALL, Lack, Metrics, Row};
use super::receipts::Receipts;

const TEMPLATE: &str = include_str!("page.html");

/// The page.
pub fn page(metrics: &Metrics, receipts: &Receipts) -> String {
    let all = metrics.rows.last();
    let parts: [(&str, String); 16] = [
        ("{period}", metrics.period.to_string()),
        ("{tenant}", metrics.tenant.to_string()),
        ("{from}", day(metrics.from)),
        ("{to}", day(metrics.to)),
        ("{state}", state(metrics) + &without(receipts)),
        ("{figures}", all.map(figures).unwrap_or_default()),
        ("{ends}", metrics.rows.iter().map(end).collect()),
        ("{answers}", metrics.rows.iter().map(answer).collect()),
        ("{denials}", all.map(denials).unwrap_or_default()),
        ("{others}", others(metrics)),
        ("{receipts}", proved(receipts)),
        ("{open}", open(metrics)),
        ("{first}", metrics.log.first.to_string()),
        ("{first_at}", minute(metrics.log.first_at)),
        ("{last}", metrics.log.last.to_string()),
        ("{last_at}", minute(metrics.log.last_at)),
    ];
    // Each name is in the template alone: what is put in is counts, codes and days.
    parts.iter().fold(TEMPLATE.to_owned(), |page, (name, text)| page.replace(name, text.trim_end()))
}

/// What is written for each, one after another.
fn each<T>(all: impl IntoIterator<Item = T>, write: impl Fn(T) -> String) -> String {
    let parts: Vec<String> = all.into_iter().map(write).collect();
    parts.concat()
}

fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

fn minute(at: Timestamp) -> String {
    let text: String = at.to_string().chars().take(16).collect();
    text.replace('T', " ") + " UTC"
}

fn state(metrics: &Metrics) -> String {
    let log = &metrics.log;
    let lacks: Vec<String> =
        log.lacks(metrics.period).into_iter().map(|lack| lacking(metrics, lack)).collect();
    if lacks.is_empty() {
        let text = "The log shows the whole period: it begins a year before it or with its first entry, goes on for a day \
                    after it, and no event is missing.";
        return format!("<p class=\"state\">{text}</p>");
    }
    format!("<p class=\"state warn\"><strong>Unfinished.</strong> {}</p>", lacks.join(" "))
}

/// What it means for the figures that the log lacks something.
fn lacking(metrics: &Metrics, lack: Lack) -> String {
    let log = &metrics.log;
    match lack {
        Lack::Beginning => format!(
            "The log here begins on {}, less than a year before the period: requests from before that and still open are not in \
             these figures.",
            minute(log.first_at)
        ),
        Lack::End if metrics.as_of < metrics.to => format!(
            "The log here goes up to {}: what comes later in the period is not in these figures.",
            minute(log.last_at)
        ),
        Lack::End => format!(
            "The log here goes up to {}, less than a day after the period: what was late to be written may not be in these \
             figures.",
            minute(log.last_at)
        ),
        Lack::Events => format!("Of requests of the period {} missing in the log.", events(log.missing)),
    }
}

fn events(n: u64) -> String {
    if n == 1 { "1 event is".to_owned() } else { format!("{n} events are") }
}

/// What is said first of receipts that are missing.
fn without(receipts: &Receipts) -> String {
    match receipts.all_missing() {
        0 => String::new(),
        missing => format!(
            "\n<p class=\"state warn\"><strong>Receipts are missing.</strong> Of {missing} of {} ends there is none here, and \
             nothing proves what is said of why.</p>",
            missing + receipts.issued
        ),
    }
}

/// How many ends have a receipt, and why the others have none.
fn proved(receipts: &Receipts) -> String {
    let missing = each(&receipts.missing, |(why, count)| {
        format!(
            "<tr><td class=\"text\">None: {why} (<code>{}</code>)</td><td>{count}</td></tr>\n",
            why.as_str()
        )
    });
    let issued = receipts.issued;
    format!(
        "<tr><td class=\"text\">Ends with a receipt in <code>receipts/</code></td><td>{issued}</td></tr>\n{missing}"
    )
}

fn figures(all: &Row) -> String {
    let ended = all.fulfilled + all.partially_fulfilled + all.no_match + all.denied + all.cancelled;
    let median = all.answered.median_days.clone().unwrap_or_else(|| "–".to_owned());
    let figures = [
        ("Received", all.received.to_string()),
        ("Ended", ended.to_string()),
        ("Denied", all.denied.to_string()),
        ("Median days", median),
        ("Late", all.late.to_string()),
        ("Open and overdue", all.overdue.to_string()),
    ];
    each(figures, |(name, figure)| format!("<div><dt>{name}</dt><dd>{figure}</dd></div>\n"))
}

/// A line of a table: what was asked, under which law, and these figures.
fn line(row: &Row, figures: &[String]) -> String {
    let class = match (row.kind.as_str(), row.jurisdiction.as_str()) {
        (ALL, _) => " class=\"all\"",
        (_, ALL) => " class=\"sum\"",
        _ => "",
    };
    let kind = match row.kind.as_str() {
        "erasure" => "Erasure",
        "access" => "Access",
        "portability" => "Portability",
        ALL => "All",
        _ => "Unknown",
    };
    let cells = each(figures, |figure| format!("<td>{figure}</td>"));
    let law = &row.jurisdiction;
    format!("<tr{class}><td class=\"text\">{kind}</td><td class=\"text\">{law}</td>{cells}</tr>\n")
}

fn end(row: &Row) -> String {
    let Row { received, fulfilled, partially_fulfilled, no_match, denied, cancelled, .. } = row;
    let Row { never_verified, open, overdue, .. } = row;
    let figures = [
        received,
        fulfilled,
        partially_fulfilled,
        no_match,
        denied,
        cancelled,
        never_verified,
        open,
        overdue,
    ];
    line(row, &figures.map(u64::to_string))
}

fn answer(row: &Row) -> String {
    let days = |days: &Option<String>| days.clone().unwrap_or_else(|| "–".to_owned());
    let answered = &row.answered;
    line(
        row,
        &[
            answered.count.to_string(),
            days(&answered.median_days),
            days(&answered.mean_days),
            days(&answered.slowest_days),
            row.late.to_string(),
        ],
    )
}

fn denials(all: &Row) -> String {
    if all.denied_for.is_empty() {
        return "<p>None.</p>".to_owned();
    }
    let lines = each(&all.denied_for, |(reason, count)| {
        format!("<tr><td class=\"text\"><code>{reason}</code></td><td>{count}</td></tr>\n")
    });
    format!(
        "<table class=\"small\">\n<thead><tr><th class=\"text\">Reason code</th><th>Requests</th></tr></thead>\n<tbody>\n{lines}\
         </tbody>\n</table>"
    )
}

fn others(metrics: &Metrics) -> String {
    let (holds, requests, replays) = (&metrics.holds, &metrics.requests, &metrics.replays);
    let figures = [
        ("Legal holds placed", holds.placed),
        ("Legal holds released", holds.released),
        ("Requests that were held, by a legal hold or a source that objected", requests.held),
        ("Requests that stopped because they needed time or somebody", requests.parked),
        (
            "Requests that were opened again after their end, since the person was found again",
            requests.reopened,
        ),
        (
            "Further ends of requests that had ended before (the tables above have the first end alone)",
            requests.ended_again,
        ),
        (
            "Requests that had ended, and are open again (the tables above have their end, and do not call them open)",
            requests.open_again,
        ),
        ("Requests that were received before the log here begins, and are open", requests.older_open),
        ("Erasures made again after a backup was restored (in none of the tables above)", replays.received),
    ];
    each(figures, |(name, figure)| format!("<tr><td class=\"text\">{name}</td><td>{figure}</td></tr>\n"))
}

fn open(metrics: &Metrics) -> String {
    let since = if metrics.log.first == 1 {
        "since the log began".to_owned()
    } else {
        format!("since {}, where the log here begins", minute(metrics.log.first_at))
    };
    format!("Neither ended nor answered on {}, of those that were received {since}.", minute(metrics.as_of))
}
