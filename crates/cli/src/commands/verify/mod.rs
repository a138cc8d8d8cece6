//! `lacuna verify …`: nothing here knows of the API.

mod given;
mod read;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use audit::Statement;
use audit::receipt::subject_mark;
use audit::verify::{Disagreement, Found, Pinned, Standing, Together};

use super::Desk;
use crate::args::verify::Verify;
use crate::ending::{Ending, Usage};
use crate::file::is_standard;
use crate::show::verify::{About, Checked, Checks, Verdict};
use crate::text::Line;
use given::{Whose, key, since, subject};
use read::{Input, Reading};

/// The other verifier.
const PAGE: &str = include_str!("../../../../audit/verify.html");

pub async fn run(args: Verify, mut desk: Desk<'_>) -> anyhow::Result<Ending> {
    if args.page {
        desk.screen.raw(PAGE)?;
        return Ok(Ending::Done);
    }
    let key = key(args.key.as_deref(), &desk.world)?;
    let since = args.since.as_deref().map(|file| since(file, &key)).transpose()?;
    let whose = args.identity.zip(args.salt);
    let whose = whose.map(|(identity, salt)| subject(identity, salt, &mut desk.typed())).transpose()?;
    let pinned = Arc::new(Pinned { key, since });
    let inputs = inputs(args.files, &mut desk)?;
    let names: Vec<String> = inputs.iter().map(|input| input.name.clone()).collect();
    let mut reading = Reading::new(&desk)?;
    let Some(verdicts) = reading.run(inputs, Arc::clone(&pinned), desk.screen).await? else {
        desk.screen.notes(&[Line::plain("Interrupted. What was read so far proves nothing.")])?;
        return Ok(Ending::Interrupted);
    };
    let mut checks = gather(names, verdicts, &pinned, whose.as_ref());
    checks.allow_unsigned = args.allow_unsigned;
    let other = |file: &Checked| match &file.verdict {
        Verdict::Intact(found) => !matches!(found, Found::Receipt(_) | Found::Newer(_)),
        Verdict::Packed(_) => true,
        _ => false,
    };
    if whose.is_some() && checks.files.iter().all(other) {
        let text = "--identity: there is no receipt among the files; nothing else is about a person";
        return Err(Usage(text.to_owned()).into());
    }
    if desk.screen.json() {
        desk.screen.body(&checks.json().to_string())?;
    } else {
        let lines = checks.lines(desk.screen.width());
        desk.screen.lines(&lines)?;
    }
    Ok(ending(&checks))
}

/// What is read. Standard input can be one of them.
fn inputs(files: Vec<PathBuf>, desk: &mut Desk<'_>) -> anyhow::Result<Vec<Input>> {
    let mut inputs = Vec::new();
    let mut typed = false;
    for file in files {
        if !is_standard(Some(&file)) {
            inputs.push(Input::file(file));
            continue;
        }
        if std::mem::replace(&mut typed, true) {
            return Err(Usage("`-` is standard input, which can be read once".to_owned()).into());
        }
        let stdin = std::mem::replace(&mut desk.world.stdin, Box::new(std::io::empty()));
        inputs.push(Input::stdin(stdin));
    }
    Ok(inputs)
}

/// Puts together what each file is, and what all of them are.
fn gather(names: Vec<String>, mut verdicts: Vec<Verdict>, pinned: &Pinned, whose: Option<&Whose>) -> Checks {
    sign(&mut verdicts);
    let mut together = Together::default();
    let mut found = BTreeMap::new();
    let exports: Vec<Option<Found>> = verdicts
        .iter()
        .map(|verdict| match verdict {
            Verdict::Packed(pack) => Some(Found::Export(pack.export.clone())),
            _ => None,
        })
        .collect();
    for (file, (verdict, export)) in verdicts.iter().zip(&exports).enumerate() {
        together.add(file, verdict.says());
        let proved = match verdict {
            Verdict::Intact(proved) => Some(proved),
            _ => export.as_ref(),
        };
        if let Some(proved) = proved {
            found.insert(file, proved);
        }
    }
    let fresh = pinned.since.as_ref().map(|since| together.fresh(since, &found));
    let disagreements: Vec<Disagreement> = together.disagreements();
    let files = names.into_iter().zip(verdicts).enumerate().map(|(file, (name, verdict))| {
        let joined = fresh.as_ref().is_some_and(|fresh| fresh.contains(&file));
        let freshness = pinned.since.as_ref().and_then(|since| match &verdict {
            Verdict::Intact(found) => Some(found.freshness(since, joined)),
            Verdict::Packed(pack) => Some(pack.freshness(since, joined)),
            _ => None,
        });
        let about = match (&verdict, whose) {
            (Verdict::Intact(Found::Receipt(proved)), Some(whose)) => Some(about(&proved.statement, whose)),
            _ => None,
        };
        Checked { name, verdict, freshness, about }
    });
    Checks {
        log: pinned.key.name().to_owned(),
        since: pinned.since.clone(),
        allow_unsigned: false,
        files: files.collect(),
        disagreements,
    }
}

/// Whether a receipt is about somebody, and how often they were looked for by just that.
fn about(statement: &Statement, (salt, identity): &Whose) -> About {
    let mark = subject_mark(salt, identity);
    if !statement.subject.contains(&mark) {
        return About::SomebodyElse;
    }
    let queries = statement.stores.iter().flat_map(|store| &store.queries);
    About::Them { alone: queries.filter(|query| query.is_for(salt, identity)).count() as u64 }
}

/// A checkpoint signs an export that comes by it, whichever file it is in.
fn sign(verdicts: &mut [Verdict]) {
    let mut together = Together::default();
    for (file, verdict) in verdicts.iter().enumerate() {
        together.add(file, verdict.says());
    }
    for (file, verdict) in verdicts.iter_mut().enumerate() {
        if let Verdict::Intact(Found::Export(export)) = verdict {
            export.signed_to = export.signed_to.max(together.signed_to(file));
        }
    }
}

/// The worst of all: what is broken counts more than what could not be checked, since it is known.
fn ending(checks: &Checks) -> Ending {
    let failed =
        |file: &Checked| file.about == Some(About::SomebodyElse) || file.standing() == Some(Standing::Behind);
    if checks.broken() > 0 || checks.files.iter().any(failed) {
        Ending::Error
    } else if checks.files.iter().any(|file| checks.unusable(file)) {
        Ending::Usage
    } else {
        Ending::Done
    }
}
