//! What a watch looks like: drawn over itself on a terminal, a line per change elsewhere, the
//! API's bodies for machines.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use contract::api::{RequestView, StoreView};
use jiff::Timestamp;

use crate::screen::Screen;
use crate::show::outcome::{again, unfinished};
use crate::show::request::{doing, heading, tone, whole};
use crate::show::stores;
use crate::text::time::{clock, deadline};
use crate::text::{Line, Tone, count, wrap};

/// The rows of a terminal that does not say how many it has.
const ROWS: usize = 24;

/// Where a watch is shown.
pub struct Display<'a> {
    screen: &'a mut Screen,
    now: Rc<dyn Fn() -> Timestamp>,
    since: Timestamp,
    shown: Option<RequestView>,
    /// The widths of the lines that are drawn over next.
    drawn: Vec<usize>,
    /// Why the last look failed, until one succeeds.
    trouble: Rc<RefCell<Option<String>>>,
}

impl<'a> Display<'a> {
    /// Nothing is shown yet.
    pub fn new(screen: &'a mut Screen, now: Rc<dyn Fn() -> Timestamp>) -> Self {
        Self { since: now(), screen, now, shown: None, drawn: Vec::new(), trouble: Rc::default() }
    }

    /// What takes note of a call that is tried again: a live display shows it in its place.
    pub fn notice(&self) -> Box<dyn Fn(&str)> {
        if !self.screen.live() {
            return self.screen.notice();
        }
        let trouble = Rc::clone(&self.trouble);
        Box::new(move |text| *trouble.borrow_mut() = Some(text.to_owned()))
    }

    /// Shows a view that differs from the one before.
    pub fn show(&mut self, view: &RequestView, body: &str) -> io::Result<()> {
        self.answered();
        let before = self.shown.replace(view.clone());
        if self.screen.json() {
            self.screen.json_line(body)
        } else if self.screen.live() {
            self.draw()
        } else {
            let lines = changes(before.as_ref(), view, (self.now)());
            self.screen.lines(&lines)
        }
    }

    /// A look succeeded.
    pub fn answered(&mut self) {
        self.trouble.take();
    }

    /// A moment passed.
    pub fn tick(&mut self) {
        if self.screen.live() {
            // A frame that could not be drawn is drawn at the next tick.
            let _ = self.draw();
        }
    }

    /// The request ended, can be fetched, or is parked.
    pub fn ended(&mut self, view: &RequestView) -> io::Result<()> {
        if self.screen.json() {
            return Ok(());
        }
        self.erase()?;
        let width = self.screen.width();
        let mut lines = whole(view, (self.now)(), width);
        if !self.screen.live() {
            lines.insert(0, Line::empty());
        }
        self.screen.lines(&lines)
    }

    /// It is not followed any further, though it goes on.
    pub fn stopped(&mut self, why: &str) -> io::Result<()> {
        // Over the `^C` that the terminal may have written.
        if self.screen.live() {
            self.screen.raw("\r\x1b[K")?;
        }
        let Some(view) = self.shown.take() else {
            let text = format!("{why} Nothing was seen of the request yet; it goes on by itself.");
            return self.screen.notes(&[Line::of(Tone::Warn, text)]);
        };
        let lines = unfinished(&view, (self.now)(), why, self.screen.width());
        if self.screen.json() || !self.screen.live() {
            return self.screen.notes(&lines);
        }
        self.erase()?;
        let mut all = whole(&view, (self.now)(), self.screen.width());
        all.push(Line::empty());
        all.extend(lines);
        self.screen.lines(&all)
    }

    /// No look ever succeeded.
    pub fn silent(&mut self) -> io::Result<()> {
        let text = "error: the API did not answer before the time was up";
        self.screen.notes(&[Line::of(Tone::Bad, text)])
    }

    /// Leaves what is drawn, for an error to be printed below.
    pub fn leave(&mut self) -> io::Result<()> {
        self.drawn.clear();
        match &self.shown {
            Some(view) if self.screen.live() => self.screen.lines(&[again(view)]),
            _ => Ok(()),
        }
    }

    fn draw(&mut self) -> io::Result<()> {
        let Some(view) = &self.shown else {
            return Ok(());
        };
        let (width, rows) = self.screen.size().unwrap_or((self.screen.width(), ROWS));
        let frame = Frame {
            now: (self.now)(),
            since: self.since,
            trouble: self.trouble.borrow().clone(),
            width,
            rows,
        };
        let lines = frame.lines(view);
        let text = format!("{}{}", self.over(width), self.screen.paint(&lines));
        self.drawn = lines.iter().map(Line::width).collect();
        self.screen.raw(&text)
    }

    /// Removes what is drawn.
    fn erase(&mut self) -> io::Result<()> {
        let (width, _) = self.screen.size().unwrap_or((self.screen.width(), ROWS));
        let over = self.over(width);
        self.drawn.clear();
        self.screen.raw(&over)
    }

    /// Goes to the first drawn line and clears from there. A terminal that became narrower since
    /// has broken long lines into several. The cursor is never hidden and no mode is changed, so
    /// that whatever ends the program leaves the terminal as it was.
    fn over(&self, width: usize) -> String {
        let rows = |line: &usize| line.div_ceil(width.max(1)).max(1);
        match self.drawn.iter().map(rows).sum::<usize>() {
            0 => String::new(),
            up => format!("\r\x1b[{up}A\x1b[J"),
        }
    }
}

/// One picture of a request on its way.
struct Frame {
    now: Timestamp,
    since: Timestamp,
    trouble: Option<String>,
    width: usize,
    rows: usize,
}

impl Frame {
    /// Lines that fit the terminal, each no wider than it.
    fn lines(&self, view: &RequestView) -> Vec<Line> {
        let mut lines = vec![heading(view)];
        lines.extend(wrap(&doing(view, self.now), self.width).iter().map(Line::plain));
        let watched = crate::text::time::length(self.now.duration_since(self.since));
        lines.push(
            Line::of(Tone::Quiet, "due ")
                .and(Tone::Plain, deadline(self.now, view.due_by))
                .and(Tone::Quiet, format!("   watched for {watched}")),
        );
        if let Some(trouble) = &self.trouble {
            lines.push(Line::of(Tone::Warn, trouble));
        }
        if !view.stores.is_empty() {
            lines.push(Line::empty());
            lines.extend(self.stores(view, lines.len()));
        }
        let lines = lines.into_iter().take(self.rows.saturating_sub(1));
        lines.map(|line| line.cut(self.width)).collect()
    }

    /// As many stores as fit: what has scrolled away cannot be drawn over.
    fn stores(&self, view: &RequestView, above: usize) -> Vec<Line> {
        let all = view.stores.len();
        // The header, the sum, the line that says what is missing, the cursor's own.
        let room = self.rows.saturating_sub(above + 4);
        if all <= room.max(1) {
            return stores::table(view, all).lines(self.width, 0);
        }
        let mut lines = stores::table(view, room).lines(self.width, 0);
        let more = u64::try_from(all - room).unwrap_or(u64::MAX);
        let more = format!("… and {}", count(more, "more store"));
        lines.insert(lines.len().saturating_sub(1), Line::of(Tone::Quiet, more));
        lines
    }
}

/// One line for what the request does now, and one for each store that changed.
fn changes(before: Option<&RequestView>, view: &RequestView, now: Timestamp) -> Vec<Line> {
    let at = clock(now);
    let mut lines = Vec::new();
    let same = |b: &RequestView| b.status == view.status && b.cancelling == view.cancelling;
    let stores = view.stores.iter().filter(|store| {
        let same = |b: &RequestView| b.stores.contains(store);
        !before.is_some_and(same)
    });
    lines.extend(stores.map(|store| changed(store, &at)));
    if !before.is_some_and(same) {
        let status = format!("{:<12}  ", view.status.as_str());
        let line = Line::of(Tone::Quiet, format!("{at}  "))
            .and(tone(view.status), status)
            .and(Tone::Plain, doing(view, now));
        // What it does now is what led to the stores' lines.
        lines.insert(0, line);
    }
    lines
}

fn changed(store: &StoreView, at: &str) -> Line {
    let counts = [
        ("found", store.located),
        ("read", store.collected),
        ("erased", store.erased),
        ("anonymised", store.anonymised),
        ("retained", store.retained),
    ];
    let counts = counts.into_iter().filter(|(_, n)| *n > 0);
    let mut counts: Vec<String> = counts.map(|(what, n)| format!("{what} {n}")).collect();
    counts.extend(store.residue.map(|n| format!("residue {n}")));
    Line::of(Tone::Quiet, format!("{at}  "))
        .and(Tone::Plain, format!("  {} {}", store.store, store.status))
        .and(Tone::Quiet, if counts.is_empty() { "" } else { ": " })
        .and(Tone::Plain, counts.join(", "))
}
