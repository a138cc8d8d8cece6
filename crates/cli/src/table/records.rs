//! Reads CSV as RFC 4180 has it, and no further: what stands behind a closing quote, or in a quote that nobody closes, is no table.
//! Readers that forgive put such text somewhere, and with it the values of other columns and of other rows.

use std::io::{self, BufRead, BufReader, Read};

use super::{MARK, PIECE, TOO_LONG, is_too_long};

/// No table has more columns.
const MOST_VALUES: usize = 1 << 16;

/// Why there is no next row.
#[derive(Debug)]
pub enum Broken {
    /// It cannot be read.
    Unread(io::Error),
    /// It is no table: the line, from one on, and what is wrong there.
    Form(u64, &'static str),
}

/// The values of a row.
#[derive(Debug, Default)]
pub struct Row {
    bytes: Vec<u8>,
    /// Where each value ends, and whether it stood in quotes.
    ends: Vec<(usize, bool)>,
    /// The line that it begins in.
    pub line: u64,
}

impl Row {
    /// How many values there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether the line was empty: one empty value, or no row.
    pub fn is_blank(&self) -> bool {
        matches!(self.ends.as_slice(), [(0, false)])
    }

    /// The values in order, and whether each stood in quotes: an empty one that did not is no value to some who read it.
    pub fn values(&self) -> impl Iterator<Item = (&[u8], bool)> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(end, _)| *end));
        let value = |(start, (end, quoted)): (usize, &(usize, bool))| {
            (self.bytes.get(start..*end).unwrap_or_default(), *quoted)
        };
        starts.zip(&self.ends).map(value)
    }
}

/// Where in a row the next byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// At the beginning of a value.
    Begin,
    /// In a value without quotes, where a quote is one like any other byte.
    Bare,
    /// In quotes.
    Quoted,
    /// Behind a quote that closes the value, unless another one follows.
    Closed,
}

/// The rows of a table.
pub struct Records<R> {
    input: BufReader<R>,
    delimiter: u8,
    line: u64,
    begun: bool,
    /// Whether a line end of one byte was read that can be the first half of one of two.
    half: bool,
}

impl<R: Read> Records<R> {
    /// Reads values that this stands between.
    pub fn new(input: R, delimiter: u8) -> Self {
        let input = BufReader::with_capacity(PIECE, input);
        Self { input, delimiter, line: 1, begun: false, half: false }
    }

    /// Reads the next row; `false` if there is none. A line end is `\n`, `\r\n` or `\r`.
    pub fn read(&mut self, row: &mut Row) -> Result<bool, Broken> {
        row.bytes.clear();
        row.ends.clear();
        if !self.begun {
            self.begun = true;
            self.mark(row)?;
        }
        let mut state = if row.bytes.is_empty() { State::Begin } else { State::Bare };
        let (mut any, mut opened) = (state == State::Bare, self.line);
        row.line = self.line;
        loop {
            let piece = match self.input.fill_buf() {
                Ok(piece) => piece,
                Err(error) if is_too_long(&error) && state == State::Quoted => {
                    return Err(Broken::Form(opened, "a quote is opened that nothing closes within 16 MiB"));
                }
                Err(error) if is_too_long(&error) => return Err(Broken::Form(row.line, TOO_LONG)),
                Err(error) => return Err(Broken::Unread(error)),
            };
            if piece.is_empty() {
                return match state {
                    State::Quoted => Err(Broken::Form(opened, "a quote is opened that nothing closes")),
                    _ if any => end(row, state).map(|()| true),
                    _ => Ok(false),
                };
            }
            let mut used = 0;
            let mut over = false;
            for byte in piece.iter().copied() {
                used += 1;
                if std::mem::take(&mut self.half) && byte == b'\n' {
                    continue;
                }
                if !any {
                    any = true;
                    row.line = self.line;
                }
                let ends = matches!(byte, b'\n' | b'\r');
                if byte == b'\n' || (byte == b'\r' && state != State::Quoted) {
                    self.line += 1;
                }
                state = match (state, byte) {
                    (State::Begin, b'"') => {
                        opened = self.line;
                        State::Quoted
                    }
                    (State::Quoted, b'"') => State::Closed,
                    (State::Closed, b'"') | (State::Quoted, _) => {
                        row.bytes.push(byte);
                        State::Quoted
                    }
                    (_, byte) if byte == self.delimiter => {
                        end(row, state)?;
                        State::Begin
                    }
                    (_, byte) if ends => {
                        self.half = byte == b'\r';
                        over = true;
                        break;
                    }
                    (State::Closed, _) => {
                        return Err(Broken::Form(
                            self.line,
                            "something stands behind a closing quote: a quote within a value is written twice",
                        ));
                    }
                    (State::Begin | State::Bare, byte) => {
                        row.bytes.push(byte);
                        State::Bare
                    }
                };
            }
            self.input.consume(used);
            if over {
                return end(row, state).map(|()| true);
            }
        }
    }

    /// Passes the mark before the first line. What only begins like it belongs to the first value.
    fn mark(&mut self, row: &mut Row) -> Result<(), Broken> {
        for expect in MARK {
            let piece = self.input.fill_buf().map_err(Broken::Unread)?;
            if piece.first() != Some(expect) {
                return Ok(());
            }
            row.bytes.push(*expect);
            self.input.consume(1);
        }
        row.bytes.clear();
        Ok(())
    }
}

/// Ends a value.
fn end(row: &mut Row, state: State) -> Result<(), Broken> {
    if row.ends.len() == MOST_VALUES {
        return Err(Broken::Form(row.line, "there are more than 65536 values"));
    }
    row.ends.push((row.bytes.len(), state == State::Closed));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives out a byte at a time: no border between two pieces is seen.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let length = self.0.len().min(into.len()).min(1);
            into[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    type Rows = Vec<(u64, Vec<String>)>;

    fn rows(input: impl Read) -> Result<Rows, (u64, &'static str)> {
        let (mut records, mut row, mut all) = (Records::new(input, b','), Row::default(), Vec::new());
        loop {
            match records.read(&mut row) {
                Ok(true) => {
                    let values = row.values().map(|(value, _)| String::from_utf8_lossy(value).into_owned());
                    all.push((row.line, values.collect()));
                }
                Ok(false) => return Ok(all),
                Err(Broken::Form(line, what)) => return Err((line, what)),
                Err(Broken::Unread(error)) => panic!("{error}"),
            }
        }
    }

    #[test]
    fn rows_and_their_lines() {
        fn check(text: &str, expect: &[(u64, &[&str])]) {
            let got = rows(text.as_bytes()).expect(text);
            let got: Vec<(u64, Vec<&str>)> =
                got.iter().map(|(line, row)| (*line, row.iter().map(String::as_str).collect())).collect();
            let expect: Vec<(u64, Vec<&str>)> =
                expect.iter().map(|(line, row)| (*line, row.to_vec())).collect();
            assert_eq!(got, expect, "{text}");
            assert_eq!(rows(Slow(text.as_bytes())), rows(text.as_bytes()), "{text}");
        }
        check("", &[]);
        check("a,b\r\n1,2\r\n", &[(1, &["a", "b"]), (2, &["1", "2"])]);
        check("a\rb\r\rc", &[(1, &["a"]), (2, &["b"]), (3, &[""]), (4, &["c"])]);
        check("a\n\n1\n", &[(1, &["a"]), (2, &[""]), (3, &["1"])]);
        check(",\n", &[(1, &["", ""])]);
        check("\"\"\n,", &[(1, &[""]), (2, &["", ""])]);
        check("\"a\r\nb\",\"c\"\"d\"\ne", &[(1, &["a\r\nb", "c\"d"]), (3, &["e"])]);
        check("1\"2,3\"\n", &[(1, &["1\"2", "3\""])]);
        check("\u{feff}\"a\",b\n", &[(1, &["a", "b"])]);
        check("\u{feff}", &[]);
        check("\u{fefe}\n", &[(1, &["\u{fefe}"])]);
    }

    #[test]
    fn what_is_no_table_is_refused_with_its_line() {
        fn check(text: &str, line: u64, what: &str) {
            let error = rows(text.as_bytes()).expect_err(text);
            assert!(error.0 == line && error.1.contains(what), "{text}: {error:?}");
            assert_eq!(rows(Slow(text.as_bytes())), Err(error), "{text}");
        }
        check("name,total\nIda,1\nInes,\"1.10\nWeber,2.20\n", 3, "nothing closes");
        check("a,b\nInes,\"1.10\nWeber,\"2.20\n", 3, "behind a closing quote");
        check("a,b\n\"Ines\" ,1\n", 2, "behind a closing quote");
        check("\"", 1, "nothing closes");
        check(&",".repeat(1 << 16), 1, "65536");
    }

    #[test]
    fn quotes_of_values_are_known() {
        let (mut records, mut row) = (Records::new(&b"\"\",,\"a\",b\n\n\"\"\n"[..], b','), Row::default());
        let mut next = || {
            assert!(records.read(&mut row).expect("a table"));
            (row.values().map(|(_, quoted)| quoted).collect::<Vec<_>>(), row.is_blank())
        };
        assert_eq!(next(), (vec![true, false, true, false], false));
        assert_eq!(next(), (vec![false], true));
        assert_eq!(next(), (vec![true], false));
    }

    /// All texts of a few signs: what is read is what the usual reader reads, which forgives more, and no border is seen.
    #[test]
    fn tables_are_read_as_others_read_them() {
        const SIGNS: &[u8] = b"a\",\r\n";
        let (mut tables, mut refused) = (0, 0);
        for length in 0..=6 {
            for number in 0..SIGNS.len().pow(length) {
                let sign = |place| SIGNS[number / SIGNS.len().pow(place) % SIGNS.len()];
                let text: Vec<u8> = (0..length).map(sign).collect();
                let got = rows(text.as_slice());
                assert_eq!(rows(Slow(&text)), got, "{}", text.escape_ascii());
                let Ok(got) = got else {
                    refused += 1;
                    continue;
                };
                let got = got.into_iter().map(|(_, row)| row).filter(|row| row.as_slice() != [""]);
                let mut reader =
                    csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_slice());
                let others =
                    reader.records().map(|row| row.expect("memory").iter().map(str::to_owned).collect());
                let others: Vec<Vec<String>> =
                    others.filter(|row: &Vec<String>| row.as_slice() != [""]).collect();
                assert_eq!(got.collect::<Vec<_>>(), others, "{}", text.escape_ascii());
                tables += 1;
            }
        }
        assert!(tables > 5_000 && refused > 5_000, "{tables} {refused}");
    }
}
