//! What people write: identities, instants, lengths of time. Complaints say what to write instead,
//! and never quote an identity.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::Path;

use domain::export::Place;
use domain::identity::{Identity, IdentityType};
use domain::{Personal, StoreId};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

use crate::api::Recipient;
use crate::args::Given;
use crate::ending::Usage;
use crate::file::{is_standard, parse_passphrase, read_passphrase};
use crate::screen::Screen;
use crate::text::Line;

/// A line of standard input that is longer than this is no identity.
const LONGEST_LINE: u64 = 64 * 1024;

/// Reads what `-` stands for.
pub struct Typed<'a> {
    /// Standard input.
    pub stdin: &'a mut dyn BufRead,
    /// Whether a person types it.
    pub asked: bool,
    /// Where they are asked.
    pub screen: &'a mut Screen,
}

impl Typed<'_> {
    /// The value itself, or the next line where it is `-`.
    pub fn personal(&mut self, value: Personal, what: &str) -> anyhow::Result<Personal> {
        if value.expose() != "-" {
            return Ok(value);
        }
        let line = self.line(what)?;
        match line.expose().trim() {
            "" => Err(Usage(format!("{what}: `-` was given, and standard input has no line for it")).into()),
            text => Ok(Personal::new(text)),
        }
    }

    fn line(&mut self, what: &str) -> anyhow::Result<Personal> {
        if self.asked {
            self.screen.notes(&[Line::plain(format!("{what}, then Enter:"))])?;
        }
        let mut line = String::new();
        std::io::Read::take(&mut *self.stdin, LONGEST_LINE).read_line(&mut line)?;
        Ok(Personal::new(line))
    }

    /// For whom a package is encrypted: an age recipient, or whoever knows a passphrase, which is the next
    /// line where its file is `-`.
    pub fn recipient(
        &mut self,
        age: Option<Personal>,
        passphrase: Option<&Path>,
    ) -> anyhow::Result<Option<Recipient>> {
        if let Some(age) = age {
            return Ok(Some(Recipient::Age(recipient(&age)?)));
        }
        Ok(match passphrase {
            None => None,
            Some(file) if !is_standard(Some(file)) => Some(Recipient::Passphrase(read_passphrase(file)?)),
            Some(_) => {
                let line = self.line("passphrase (it shows as you type it)")?;
                let complaint = |what| Usage(format!("--passphrase-file -: {what}"));
                Some(Recipient::Passphrase(parse_passphrase(line.expose()).map_err(complaint)?))
            }
        })
    }

    /// The identities in the order in which their lines are read: e-mail addresses first.
    pub fn identities(
        &mut self,
        emails: impl IntoIterator<Item = Personal>,
        others: impl IntoIterator<Item = Given>,
    ) -> anyhow::Result<Vec<Identity>> {
        let email: IdentityType = "email".parse()?;
        let emails = emails.into_iter().map(|value| Given { kind: email.clone(), value });
        let given: Vec<Given> = emails.chain(others).collect();
        given.into_iter().map(|given| self.identity(given)).collect()
    }

    fn identity(&mut self, given: Given) -> anyhow::Result<Identity> {
        let value = self.personal(given.value, given.kind.as_str())?;
        let complaint = |e| Usage(format!("{}: {e}", given.kind));
        Ok(Identity::new(given.kind.clone(), &value).map_err(complaint)?)
    }
}

/// An age recipient. The key that opens a package is refused before it is sent anywhere; the rest is the
/// API's to find.
fn recipient(given: &Personal) -> Result<Personal, Usage> {
    let text = given.expose().trim();
    if text.get(..15).is_some_and(|start| start.eq_ignore_ascii_case("AGE-SECRET-KEY-")) {
        return Err(Usage(
            "--recipient: this is a secret key, which nobody else may see; it was not sent.\nIt stood in the list \
             of processes, and may be in the shell's history: make a new pair with `age-keygen`, and give the \
             recipient that begins with age1."
                .to_owned(),
        ));
    }
    if !text.starts_with("age1") {
        return Err(Usage(
            "--recipient: write an age recipient, which begins with age1: `age-keygen` makes one".to_owned(),
        ));
    }
    Ok(Personal::new(text))
}

/// How new the data of stores or collections must be, each once.
pub fn min_versions(given: Vec<(Place, String)>) -> Result<BTreeMap<Place, String>, Usage> {
    let mut versions = BTreeMap::new();
    for (place, version) in given {
        if versions.contains_key(&place) {
            return Err(Usage(format!("--min-version: {place} is named twice; name each once")));
        }
        versions.insert(place, version);
    }
    Ok(versions)
}

/// `now`, or an instant.
pub fn past(flag: &str, text: &str, now: Timestamp) -> Result<Timestamp, Usage> {
    match text {
        "now" => Ok(now),
        text => text.parse().map_err(|_| {
            Usage(format!("{flag}: write `now`, or a time with its zone, 2026-11-04T09:00:00Z"))
        }),
    }
}

/// A day (its first moment, in UTC), an instant, or how long from now.
pub fn future(flag: &str, text: &str, now: Timestamp) -> Result<Timestamp, Usage> {
    let form = || Usage(format!("{flag}: write 30d, 6mo, 2026-12-31 or 2026-12-31T12:00:00Z"));
    let at = if let Ok(at) = text.parse::<Timestamp>() {
        at
    } else if let Ok(day) = text.parse::<Date>() {
        day.to_zoned(TimeZone::UTC).map_err(|_| form())?.timestamp()
    } else {
        let span: Span = text.parse().map_err(|_| form())?;
        let then = now.to_zoned(TimeZone::UTC).checked_add(span);
        then.map_err(|_| form())?.timestamp()
    };
    if at > now { Ok(at) } else { Err(Usage(format!("{flag}: that is over; write a time to come"))) }
}

/// A length of time.
pub fn length(flag: &str, text: &str) -> Result<std::time::Duration, Usage> {
    let form = || Usage(format!("{flag}: write 90s, 15m, 2h or 1d"));
    let span: Span = text.parse().map_err(|_| form())?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours());
    let length: SignedDuration = length.map_err(|_| form())?;
    length.try_into().map_err(|_| form())
}

/// Store ids as a list: `crm, shop`.
pub fn listed(stores: &[StoreId]) -> String {
    let stores: Vec<&str> = stores.iter().map(StoreId::as_str).collect();
    stores.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-04T09:00:00Z".parse().expect("a time")
    }

    #[test]
    fn times_to_come() {
        fn check(text: &str, expect: Option<&str>) {
            let got = future("--review-at", text, now()).ok();
            assert_eq!(got.map(|at| at.to_string()).as_deref(), expect, "{text}");
        }
        check("30d", Some("2026-12-04T09:00:00Z"));
        check("6mo", Some("2027-05-04T09:00:00Z"));
        check("2026-12-31", Some("2026-12-31T00:00:00Z"));
        check("2026-12-31T12:00:00+01:00", Some("2026-12-31T11:00:00Z"));
        check("2026-11-01", None);
        check("-30d", None);
        check("30", None);
        check("soon", None);
        check("9999y", None);
    }

    #[test]
    fn lengths_of_time() {
        fn check(text: &str, expect: Option<u64>) {
            let got = length("--timeout", text).ok().map(|l| l.as_secs());
            assert_eq!(got, expect, "{text}");
        }
        check("90s", Some(90));
        check("15m", Some(900));
        check("1d", Some(86_400));
        check("1mo", None);
        check("-1s", None);
        check("15", None);
    }
}
