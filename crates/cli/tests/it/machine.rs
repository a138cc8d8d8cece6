//! A machine for the program to run on: its clock stands still, its terminal is a buffer.

use std::cell::Cell;
use std::ffi::OsString;
use std::io::{BufRead, Cursor};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cli::{Pace, Terminal, World};

/// Whose data must not show up anywhere.
pub const MARKED: &str = "marked.person@example.com";
/// What the slowest machine needs for an answer that comes.
const PATIENT: Duration = Duration::from_mins(1);
/// What time it is.
pub const NOW: &str = "2026-11-04T09:00:12Z";

/// What a run left behind.
#[derive(Debug)]
pub struct Ran {
    /// The exit code.
    pub code: u8,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// What a run left behind that may print no text.
#[derive(Debug)]
pub struct Piped {
    /// The exit code.
    pub code: u8,
    /// Standard output.
    pub out: Vec<u8>,
    /// Standard error.
    pub err: String,
}

impl Piped {
    /// It printed text.
    pub fn text(self) -> Ran {
        Ran { code: self.code, out: String::from_utf8(self.out).expect("text"), err: self.err }
    }
}

/// How to run it.
#[derive(Default)]
pub struct Machine {
    /// `LACUNA_URL`
    pub url: Option<String>,
    /// Standard input.
    pub stdin: String,
    /// Whether all of it is a terminal.
    pub terminal: bool,
    /// Whether standard input and output are files all the same.
    pub redirected: bool,
    /// `NO_COLOR`
    pub no_color: bool,
    /// `LACUNA_AUDIT_KEY`
    pub audit_key: Option<String>,
    /// How long an answer is waited for, where it is to be met with silence.
    pub patience: Option<Duration>,
}

impl Machine {
    /// One that knows where the API is.
    pub fn at(server: &super::server::Server) -> Self {
        Self { url: Some(server.url()), ..Self::default() }
    }

    /// Runs a command line, whose words are parted by blanks.
    pub fn run(&self, line: &str) -> Ran {
        let words = ["lacuna"].into_iter().chain(line.split_whitespace());
        self.run_words(words.map(OsString::from))
    }

    /// Runs a command line.
    pub fn run_words(&self, words: impl IntoIterator<Item = OsString>) -> Ran {
        self.run_piped(words, Cursor::new(self.stdin.clone().into_bytes())).text()
    }

    /// Runs a command line that reads this.
    pub fn run_piped(
        &self,
        words: impl IntoIterator<Item = OsString>,
        stdin: impl BufRead + Send + 'static,
    ) -> Piped {
        let (out, err) = (buffer(), buffer());
        let (url, no_color, terminal) = (self.url.clone(), self.no_color, self.terminal);
        let data = terminal && !self.redirected;
        let audit_key = self.audit_key.clone();
        let random = Cell::new(0_u128);
        let world = World {
            variable: Box::new(move |name| match name {
                "LACUNA_URL" => url.clone(),
                "LACUNA_TOKEN" => url.as_ref().map(|_| "header.claims.signature".to_owned()),
                "LACUNA_AUDIT_KEY" => audit_key.clone(),
                "NO_COLOR" => no_color.then(|| "1".to_owned()),
                "TERM" => Some("xterm".to_owned()),
                _ => None,
            }),
            now: Rc::new(|| NOW.parse().expect("a time")),
            random: Rc::new(move || Ok(random.replace(random.get() + 1))),
            stdin: Box::new(stdin),
            stdout: out.clone(),
            stderr: err.clone(),
            terminal: Terminal { stdin: data, stdout: data, stderr: terminal, size: || Some((80, 24)) },
            pace: Pace { answer_within: self.patience.unwrap_or(PATIENT), ..quick() },
        };
        let code = cli::run(words, world);
        let taken = |buffer: Arc<Mutex<Vec<u8>>>| std::mem::take(&mut *buffer.lock().expect("a buffer"));
        Piped { code, out: taken(out), err: String::from_utf8(taken(err)).expect("text") }
    }
}

fn buffer() -> Arc<Mutex<Vec<u8>>> {
    Arc::default()
}

/// Short between its askings; what comes is waited for.
fn quick() -> Pace {
    let millis = Duration::from_millis;
    Pace {
        connect_within: PATIENT,
        answer_within: PATIENT,
        attempts: 3,
        first_pause: millis(2),
        longest_pause: millis(5),
        first_look: millis(5),
        longest_look: millis(20),
        tick: millis(7),
    }
}
