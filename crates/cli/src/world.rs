//! What the program knows of the machine it runs on: the one door to variables, clock, randomness
//! and terminal.

use std::io::{BufRead, IsTerminal as _, Write};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;

use crate::screen::Screen;

/// Where output goes. A file that is opened is written there by another thread, so that Ctrl-C and the
/// progress do not wait for whoever reads it.
pub type Output = Arc<Mutex<dyn Write + Send>>;

/// Reads environment variables.
pub type Variables = Box<dyn Fn(&str) -> Option<String>>;

/// The machine, as far as the program may know it.
pub struct World {
    /// Reads an environment variable.
    pub variable: Variables,
    /// What time it is.
    pub now: Rc<dyn Fn() -> Timestamp>,
    /// 128 bits that nobody can guess.
    pub random: Rc<dyn Fn() -> anyhow::Result<u128>>,
    /// Standard input.
    pub stdin: Box<dyn BufRead + Send>,
    /// Standard output: results.
    pub stdout: Output,
    /// Standard error: complaints and notes.
    pub stderr: Output,
    /// Which of them a person looks at.
    pub terminal: Terminal,
    /// How patient it is.
    pub pace: Pace,
}

/// Which streams are a terminal, and how large it is.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    /// Standard input is typed.
    pub stdin: bool,
    /// Standard output is a screen.
    pub stdout: bool,
    /// Standard error is a screen.
    pub stderr: bool,
    /// Columns and rows, asked again whenever something is drawn.
    pub size: fn() -> Option<(usize, usize)>,
}

/// How long is waited for what.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// For a connection.
    pub connect_within: Duration,
    /// For one answer. An API Gateway gives up after 29 s by itself.
    pub answer_within: Duration,
    /// How often one call is tried.
    pub attempts: u32,
    /// The longest pause before the second attempt; it doubles with each.
    pub first_pause: Duration,
    /// The longest pause of all.
    pub longest_pause: Duration,
    /// The pause between two looks at a request that has just changed.
    pub first_look: Duration,
    /// The pause between two looks at one that has not changed for long.
    pub longest_look: Duration,
    /// How often the time left is drawn anew.
    pub tick: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            connect_within: Duration::from_secs(5),
            answer_within: Duration::from_secs(30),
            attempts: 5,
            first_pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(5),
            first_look: Duration::from_millis(300),
            longest_look: Duration::from_secs(5),
            tick: Duration::from_secs(1),
        }
    }
}

impl World {
    /// The machine itself.
    pub fn real() -> Self {
        Self {
            variable: Box::new(variable),
            now: Rc::new(now),
            random: Rc::new(random),
            stdin: Box::new(std::io::BufReader::new(std::io::stdin())),
            stdout: Arc::new(Mutex::new(std::io::stdout())),
            stderr: Arc::new(Mutex::new(std::io::stderr())),
            terminal: Terminal {
                stdin: std::io::stdin().is_terminal(),
                stdout: std::io::stdout().is_terminal(),
                stderr: std::io::stderr().is_terminal(),
                size,
            },
            pace: Pace::default(),
        }
    }

    /// The same, and where it is printed.
    pub(crate) fn with_screen(self) -> (Self, Screen) {
        let screen = Screen::new(&self);
        (self, screen)
    }

    /// A variable that says something.
    pub(crate) fn set(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.trim().is_empty())
    }
}

#[allow(clippy::disallowed_methods, reason = "this is the door")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[allow(clippy::disallowed_methods, reason = "this is the door")]
fn now() -> Timestamp {
    Timestamp::now()
}

fn random() -> anyhow::Result<u128> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).ok().context("the system gives no random numbers")?;
    Ok(u128::from_le_bytes(bytes))
}

fn size() -> Option<(usize, usize)> {
    let (width, height) = terminal_size::terminal_size()?;
    Some((usize::from(width.0), usize::from(height.0)))
}
