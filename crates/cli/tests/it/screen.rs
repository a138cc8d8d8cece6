//! A terminal as far as the program uses one: text, line feeds, going up, clearing.

/// What is on it.
#[derive(Default)]
pub struct Screen {
    lines: Vec<String>,
    row: usize,
}

impl Screen {
    /// What somebody sees after all of this was printed.
    pub fn after(printed: &str) -> String {
        let mut screen = Self::default();
        let mut rest = printed;
        while let Some(ch) = rest.chars().next() {
            rest = rest.split_at(ch.len_utf8()).1;
            match ch {
                '\x1b' => rest = screen.sequence(rest),
                '\n' => screen.row += 1,
                '\r' => {}
                ch => screen.line().push(ch),
            }
        }
        screen.lines.join("\n") + "\n"
    }

    fn line(&mut self) -> &mut String {
        while self.lines.len() <= self.row {
            self.lines.push(String::new());
        }
        &mut self.lines[self.row]
    }

    fn sequence<'a>(&mut self, rest: &'a str) -> &'a str {
        let rest = rest.strip_prefix('[').expect("a control sequence");
        let end = rest.find(|ch: char| ch.is_ascii_alphabetic()).expect("its end");
        let (number, rest) = rest.split_at(end);
        let (what, rest) = rest.split_at(1);
        match what {
            "A" => {
                let up: usize = number.parse().expect("a number");
                self.row = self.row.checked_sub(up).expect("a row of the screen");
            }
            "J" => self.lines.truncate(self.row),
            "K" => self.line().clear(),
            "m" => {}
            other => panic!("the program uses {other}, which this screen does not know"),
        }
        rest
    }
}
