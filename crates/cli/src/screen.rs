//! The one place that prints.
//!
//! Results go to standard output and complaints to standard error, through handles whose errors are
//! returned: `println!` would panic when the reader of a pipe goes away.

use std::io::{self, Write};
use std::sync::{MutexGuard, PoisonError};

use crate::text::Line;
use crate::world::{Output, Terminal, World};

/// Where no terminal says how wide it is.
const WIDTH: usize = 100;

/// Output, for as long as something is written. A thread that broke off while it wrote leaves nothing that
/// the next could not be written after.
pub fn locked(output: &Output) -> MutexGuard<'_, dyn Write + Send + 'static> {
    output.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where results and complaints go, and how they may look there.
pub struct Screen {
    stdout: Output,
    stderr: Output,
    terminal: Terminal,
    plain: bool,
    dumb: bool,
    json: bool,
}

impl Screen {
    pub(crate) fn new(world: &World) -> Self {
        Self {
            stdout: world.stdout.clone(),
            stderr: world.stderr.clone(),
            terminal: world.terminal,
            plain: world.set("NO_COLOR").is_some(),
            dumb: world.set("TERM").is_none_or(|term| term == "dumb"),
            json: false,
        }
    }

    /// Whether a machine reads.
    pub fn json(&self) -> bool {
        self.json
    }

    /// A machine reads: the API's bodies as they are.
    pub fn set_json(&mut self, json: bool) {
        self.json = json;
    }

    /// Whether what was printed can be drawn over.
    pub fn live(&self) -> bool {
        self.terminal.stdout && !self.dumb && !self.json
    }

    /// Whether a note can be drawn over, while what goes to standard output is somewhere else.
    pub fn live_notes(&self, data_on_stdout: bool) -> bool {
        let collide = data_on_stdout && self.terminal.stdout;
        self.terminal.stderr && !self.dumb && !self.json && !collide
    }

    /// Draws one note over the one before, or removes it.
    pub fn redraw(&mut self, note: Option<&Line>) -> io::Result<()> {
        let width = self.size().map_or(WIDTH, |(width, _)| width);
        let line = note.map(|note| note.clone().cut(width.saturating_sub(1)));
        let text = line.map(|line| line.paint(!self.plain)).unwrap_or_default();
        let mut stderr = locked(&self.stderr);
        write!(stderr, "\r\x1b[K{text}")?;
        stderr.flush()
    }

    /// Whether standard output is one that a person looks at.
    pub fn is_terminal(&self) -> bool {
        self.terminal.stdout
    }

    /// Standard output itself, for what is no text.
    pub fn output(&self) -> Output {
        self.stdout.clone()
    }

    /// Columns and rows of the terminal.
    pub fn size(&self) -> Option<(usize, usize)> {
        // Some terminals do not know, and say 0.
        (self.terminal.size)().filter(|(width, rows)| *width > 0 && *rows > 0)
    }

    /// How wide a line may be.
    pub fn width(&self) -> usize {
        let terminal = self.terminal.stdout.then(|| self.size()).flatten();
        terminal.map_or(WIDTH, |(width, _)| width.max(40))
    }

    /// Prints lines of a result.
    pub fn lines(&mut self, lines: &[Line]) -> io::Result<()> {
        let text = self.painted(lines, self.terminal.stdout);
        self.raw(&text)
    }

    /// Prints lines of a complaint, or a note that is not part of the result.
    pub fn notes(&mut self, lines: &[Line]) -> io::Result<()> {
        let text = self.painted(lines, self.terminal.stderr);
        let mut stderr = locked(&self.stderr);
        stderr.write_all(text.as_bytes())?;
        stderr.flush()
    }

    /// Prints a complaint that is laid out already.
    pub fn complaint(&mut self, text: &str) -> io::Result<()> {
        locked(&self.stderr).write_all(text.as_bytes())
    }

    /// What tells somebody who waits before the terminal that a call is tried again.
    pub fn notice(&self) -> Box<dyn Fn(&str)> {
        if !self.terminal.stderr || self.json {
            return Box::new(|_| {});
        }
        let stderr = self.stderr.clone();
        Box::new(move |text| {
            let line = Line::plain(text).paint(false);
            // A note that cannot be written is no reason to give up.
            let _ = writeln!(locked(&stderr), "{line}");
        })
    }

    /// Prints a body as it came, with a line break at its end. Nothing for an empty one.
    pub fn body(&mut self, body: &str) -> io::Result<()> {
        match body.trim_end() {
            "" => Ok(()),
            body => self.raw(&format!("{body}\n")),
        }
    }

    /// Prints a JSON body on one line. Its strings hold no raw line breaks, so blanks will do.
    pub fn json_line(&mut self, body: &str) -> io::Result<()> {
        self.body(&body.replace(['\r', '\n'], " "))
    }

    /// Prints exactly this.
    pub fn raw(&mut self, text: &str) -> io::Result<()> {
        let mut stdout = locked(&self.stdout);
        stdout.write_all(text.as_bytes())?;
        stdout.flush()
    }

    /// Lines as they are printed on standard output.
    pub fn paint(&self, lines: &[Line]) -> String {
        self.painted(lines, self.terminal.stdout)
    }

    fn painted(&self, lines: &[Line], terminal: bool) -> String {
        let colour = terminal && !self.plain && !self.dumb;
        let mut text = String::new();
        for line in lines {
            text.push_str(&line.paint(colour));
            text.push('\n');
        }
        text
    }
}
