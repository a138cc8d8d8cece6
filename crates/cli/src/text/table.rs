//! Tables without lines: columns two blanks apart, long text wrapped in its own column.

use unicode_width::UnicodeWidthStr as _;

use super::{Line, Tone, clean, wrap};

/// How narrow a column of long text may become.
const NARROWEST: usize = 12;
const GAP: usize = 2;
/// How far a remark stands in.
const NOTE: usize = 4;

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    title: &'static str,
    least: usize,
    right: bool,
    wrap: bool,
}

impl Column {
    /// At least so wide, so that a table that is drawn again and again does not jump.
    pub const fn at_least(self, least: usize) -> Self {
        Self { least, ..self }
    }
}

/// A column of words.
pub const fn words(title: &'static str) -> Column {
    Column { title, least: 0, right: false, wrap: false }
}

/// A column of numbers.
pub const fn numbers(title: &'static str) -> Column {
    Column { title, least: 0, right: true, wrap: false }
}

/// A column of sentences, which gives way when the table is too wide.
pub const fn sentences(title: &'static str) -> Column {
    Column { title, least: 0, right: false, wrap: true }
}

/// One cell.
#[derive(Debug, Clone)]
pub struct Cell(Tone, String);

/// A plain cell.
pub fn cell(text: impl AsRef<str>) -> Cell {
    toned(Tone::Plain, text)
}

/// A cell with a tone.
pub fn toned(tone: Tone, text: impl AsRef<str>) -> Cell {
    Cell(tone, clean(text.as_ref()))
}

/// A table.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Row>,
}

#[derive(Debug, Clone)]
enum Row {
    Cells(Vec<Cell>),
    Note(Cell),
}

impl Table {
    /// An empty table. Without any title it has no header.
    pub fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// A list of labels and what they stand for.
    pub fn facts<'a>(facts: impl IntoIterator<Item = (&'a str, Cell)>) -> Self {
        let mut table = Self::new(&[words(""), sentences("")]);
        for (label, fact) in facts {
            table.row([toned(Tone::Quiet, label), fact]);
        }
        table
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(Row::Cells(cells.into_iter().collect()));
    }

    /// Adds a remark on the row before, which runs across the columns.
    pub fn note(&mut self, remark: Cell) {
        self.rows.push(Row::Note(remark));
    }

    /// The table in so many columns of the terminal, each line begun with `indent` blanks.
    pub fn lines(&self, width: usize, indent: usize) -> Vec<Line> {
        let widths = self.widths(width.saturating_sub(indent));
        let titles = self.columns.iter().map(|c| toned(Tone::Quiet, c.title));
        let header = self.columns.iter().any(|c| !c.title.is_empty());
        let header = header.then(|| Row::Cells(titles.collect()));
        let rows = header.iter().chain(&self.rows);
        let lines = rows.flat_map(|row| match row {
            Row::Cells(cells) => self.row_lines(cells, &widths, indent),
            Row::Note(Cell(tone, text)) => {
                let indent = " ".repeat(indent + NOTE);
                let lines = wrap(text, width.saturating_sub(indent.len()).max(NARROWEST));
                let line = |text| Line::plain(&indent).and(*tone, text);
                lines.into_iter().map(line).collect()
            }
        });
        lines.collect()
    }

    fn widths(&self, most: usize) -> Vec<usize> {
        let mut widths: Vec<usize> = {
            let columns = self.columns.iter();
            columns.map(|c| c.title.width().max(c.least)).collect()
        };
        let rows = self.rows.iter().filter_map(|row| match row {
            Row::Cells(cells) => Some(cells),
            Row::Note(_) => None,
        });
        for row in rows {
            for (width, Cell(_, text)) in widths.iter_mut().zip(row) {
                *width = text.width().max(*width);
            }
        }
        let gaps = GAP * widths.len().saturating_sub(1);
        loop {
            let over = (widths.iter().sum::<usize>() + gaps).saturating_sub(most);
            let widest = widths.iter_mut().zip(&self.columns);
            let widest = widest
                .filter(|(width, column)| column.wrap && **width > NARROWEST)
                .max_by_key(|(width, _)| **width);
            match widest {
                Some((width, _)) if over > 0 => *width -= 1,
                _ => return widths,
            }
        }
    }

    fn row_lines(&self, row: &[Cell], widths: &[usize], indent: usize) -> Vec<Line> {
        let wrapped: Vec<(Tone, Vec<String>)> = row
            .iter()
            .zip(&self.columns)
            .zip(widths)
            .map(|((Cell(tone, text), column), width)| {
                let lines = if column.wrap { wrap(text, *width) } else { vec![text.clone()] };
                (*tone, lines)
            })
            .collect();
        let height = wrapped.iter().map(|(_, lines)| lines.len()).max();
        let line = |at: usize| {
            let mut line = Line::plain(" ".repeat(indent));
            for (n, ((tone, lines), (column, width))) in
                wrapped.iter().zip(self.columns.iter().zip(widths)).enumerate()
            {
                let text = lines.get(at).map_or("", String::as_str);
                let blanks = " ".repeat(width.saturating_sub(text.width()));
                let gap = if n == 0 { 0 } else { GAP };
                line = line.and(Tone::Plain, " ".repeat(gap));
                line = if column.right {
                    line.and(Tone::Plain, blanks).and(*tone, text)
                } else {
                    line.and(*tone, text).and(Tone::Plain, blanks)
                };
            }
            line
        };
        (0..height.unwrap_or(0)).map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(table: &Table, width: usize, expect: &[&str]) {
        let lines = table.lines(width, 0);
        let lines: Vec<String> = lines.iter().map(|line| line.paint(false)).collect();
        assert_eq!(lines, expect);
    }

    #[test]
    fn long_text_wraps_in_its_own_column() {
        let mut table = Table::new(&[words("place"), sentences("what"), numbers("n")]);
        table.row([cell("crm"), cell("nothing says how they are found"), cell("3")]);
        check(
            &table,
            80,
            &["place  what                             n", "crm    nothing says how they are found  3"],
        );
        check(
            &table,
            26,
            &["place  what              n", "crm    nothing says how  3", "       they are found"],
        );
    }

    #[test]
    fn it_never_becomes_narrower_than_can_be_read() {
        let mut table = Table::new(&[sentences("what")]);
        table.row([cell("nothing says how they are found")]);
        check(&table, 1, &["what", "nothing says", "how they are", "found"]);
    }
}
