//! `lacuna mask`

mod copy;
mod encoding;
mod table;

use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use masking::{Masker, Rules, RulesError, Tokens};

use serde::de::DeserializeOwned;

use self::encoding::readable;
use super::Desk;
use crate::args::mask::{Command, Mask, TokenKey};
use crate::ending::{Ending, Usage};
use crate::screen::{Screen, locked};
use crate::seal::{End, Run, Trouble, read_key};
use crate::text::Line;
use crate::world::Output;

/// How much is read at once.
const PIECE: usize = 256 * 1024;
const MAKES_A_KEY: &str = "(umask 077; head -c 32 /dev/urandom > FILE) makes one.";
/// A file of rules is no longer than this, in bytes.
const LARGEST_RULES: u64 = 1 << 20;

/// Masks standard input.
pub async fn run(args: &Mask, desk: Desk<'_>) -> anyhow::Result<Ending> {
    match &args.of {
        None => text(args, desk).await,
        Some(Command::Table(args)) => table::run(args, desk).await,
        Some(Command::Copy(args)) => copy::run(args, desk).await,
    }
}

async fn text(args: &Mask, mut desk: Desk<'_>) -> anyhow::Result<Ending> {
    let masker = masker(args)?;
    let terminal = desk.world.terminal;
    if terminal.stdin && terminal.stderr {
        desk.screen.notes(&[Line::plain("Text to mask, then Ctrl-D on a line of its own:")])?;
    }
    let shown = desk.screen.live_notes(true);
    let mut run = Run::new(None, desk.world.now.clone(), desk.world.pace.tick, shown)?;
    let input = std::mem::replace(&mut desk.world.stdin, Box::new(io::empty()));
    let output = desk.screen.output();
    let work = move |done: &AtomicU64| mask(&masker, readable(input)?, &output, done);
    let how = run.work(work, desk.screen).await?;
    end(how, run.done(), desk.screen)
}

/// What is said of how it ended, after so many bytes.
fn end(how: End, done: u64, screen: &mut Screen) -> anyhow::Result<Ending> {
    match how {
        End::Whole => Ok(Ending::Done),
        End::Interrupted => {
            screen.notes(&[Line::plain(half("Interrupted", done))])?;
            Ok(Ending::Interrupted)
        }
        End::Broken(Trouble::Read(error)) => {
            Err(anyhow::anyhow!("{}", half(&format!("standard input cannot be read: {error}"), done)))
        }
        // Nothing was written, or nothing that is half, and what has to be done first is said.
        End::Broken(Trouble::Input(what, false)) => Err(Usage(what).into()),
        End::Broken(Trouble::Input(what, true)) => Err(anyhow::anyhow!("{}", half(&what, done))),
        // Whoever reads us went away: there is nobody to tell.
        End::Broken(Trouble::Write(error)) if error.kind() == ErrorKind::BrokenPipe => Err(error.into()),
        End::Broken(Trouble::Write(error)) => {
            Err(anyhow::anyhow!("{}", half(&format!("standard output cannot be written: {error}"), done)))
        }
        End::Broken(Trouble::Vault(error)) => Err(error.into()),
    }
}

fn half(why: &str, done: u64) -> String {
    let end = if why.ends_with(['.', '?']) { "" } else { "." };
    format!("{why}{end} {done} bytes were read; what was written of them is masked, and not whole.")
}

fn masker(args: &Mask) -> anyhow::Result<Masker> {
    let rules = args.rules.as_deref().map(|file| read("--rules", file)).transpose()?;
    let mut rules: Rules = rules.unwrap_or_default();
    if let Some(mode) = args.mode {
        rules.default = mode;
    }
    let made = match tokens(&args.key)? {
        Some(tokens) => Masker::with_tokens(&rules, tokens),
        None => Masker::new(&rules),
    };
    made.map_err(|error| {
        let name = args
            .rules
            .as_deref()
            .map_or_else(|| "--mode".to_owned(), |file| format!("--rules {}", file.display()));
        match error {
            RulesError::NoKey => key_is_missing(),
            error => Usage(format!("{name}: {error}")),
        }
        .into()
    })
}

/// What makes tokens, if there is a key for them.
fn tokens(key: &TokenKey) -> anyhow::Result<Option<Tokens>> {
    let made = |file: &Path| {
        if file.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            return Err(Usage(format!(
                "--key-file {}: there is no such file.\n{MAKES_A_KEY}",
                file.display()
            ))
            .into());
        }
        Ok(Tokens::new(read_key(file)?.expose(), &key.tenant)?)
    };
    key.key_file.as_deref().map(made).transpose()
}

fn key_is_missing() -> Usage {
    Usage(format!("tokens need a key: give one with --key-file.\n{MAKES_A_KEY}"))
}

/// YAML, of which JSON is a part.
fn read<T: DeserializeOwned>(option: &str, file: &Path) -> Result<T, Usage> {
    let complaint = |what: &str| Usage(format!("{option} {}: {what}", file.display()));
    let mut text = String::new();
    let opened = std::fs::File::open(file).map_err(|error| {
        let what = if error.kind() == ErrorKind::NotFound {
            "there is no such file".to_owned()
        } else {
            error.to_string()
        };
        complaint(&what)
    })?;
    let read = opened.take(LARGEST_RULES + 1).read_to_string(&mut text);
    match read.map_err(|error| complaint(&error.to_string()))? {
        length if u64::try_from(length).is_ok_and(|length| length <= LARGEST_RULES) => {}
        _ => return Err(complaint("it is longer than 1 MiB")),
    }
    serde_saphyr::from_str(&text).map_err(|error| {
        let what = wrong(&error);
        let other = match option {
            "--tables" if what.contains("unknown field `columns`") => {
                "\nA file with `columns` is for one table: `lacuna mask table --columns FILE`. Here they stand below their table, \
                 in `tables`."
            }
            "--columns" if what.contains("unknown field `tables`") => {
                "\nA file with `tables` is for a database: `lacuna mask copy --tables FILE`."
            }
            "--columns" | "--tables" if ["`default`", "`kinds`", "`custom`"].iter().any(|name| what.contains(&format!("unknown field {name}"))) => {
                "\nA file with `default`, `kinds` and `custom` is for text: `lacuna mask --rules FILE`. Here they stand below `rules`."
            }
            "--rules" if ["`columns`", "`tables`"].iter().any(|name| what.contains(&format!("unknown field {name}"))) => {
                "\nThat is a file for `lacuna mask table --columns FILE`, or for `lacuna mask copy --tables FILE`."
            }
            _ => "",
        };
        complaint(&format!("{what}{other}"))
    })
}

/// Where a file is wrong, and why, without what stands there: it can be another file, and a key.
fn wrong(error: &serde_saphyr::Error) -> String {
    let reason = error.without_snippet().to_string();
    let Some(place) = error.location().map(|at| format!("line {}, column {}", at.line(), at.column())) else {
        return words(&reason);
    };
    let reason = reason.strip_suffix(&format!(" at {place}")).unwrap_or(&reason);
    if reason.starts_with("duplicate mapping key") {
        return format!("{place}: the name stands there twice");
    }
    format!("{place}: {}", words(reason))
}

/// The text with no more of the file in it than words, as settings are named.
fn words(reason: &str) -> String {
    let is_word =
        |name: &str| name.len() <= 24 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    ['`', '"'].into_iter().fold(reason.to_owned(), |text, quote| {
        let quoted = |(n, part)| if n % 2 == 0 || is_word(part) { part } else { "…" };
        let parts: Vec<&str> = text.split(quote).enumerate().map(quoted).collect();
        parts.join(&quote.to_string())
    })
}

/// Every piece is masked and written before the next is waited for, so that `tail -f` shows what there is.
fn mask(masker: &Masker, mut input: impl Read, output: &Output, done: &AtomicU64) -> Result<(), Trouble> {
    let mut stream = masker.stream_lines();
    let (mut piece, mut out) = (vec![0; PIECE], Vec::with_capacity(2 * PIECE));
    loop {
        let read = match input.read(&mut piece) {
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(Trouble::Read(error)),
        };
        out.clear();
        match piece.get(..read).filter(|piece| !piece.is_empty()) {
            Some(piece) => stream.push(piece, &mut out),
            None => stream.finish(&mut out),
        }
        let mut output = locked(output);
        output.write_all(&out).and_then(|()| output.flush()).map_err(Trouble::Write)?;
        if read == 0 {
            return Ok(());
        }
        done.fetch_add(u64::try_from(read).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}
