//! The header of a token: a JSON object (RFC 8259) with a member `alg` that is a text. It is read byte by byte, without a place to put it.

/// Deeper headers are none: a key or a chain of certificates in one is three deep.
const DEEPEST: u32 = 16;
/// The member that each has.
const ALG: &[u8] = b"alg";

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// A value.
    #[default]
    Value,
    /// The first value of an array, or its end.
    First,
    /// The first name of an object, or its end.
    Name,
    /// Another name.
    NextName,
    /// What stands between a name and its value.
    Colon,
    /// More of a string, and whether it is a name.
    Text(bool),
    /// What is escaped in one.
    Escape(bool),
    /// More of a number or a word.
    Bare,
    /// What stands behind a value.
    Behind,
}

/// Reads a header.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    state: State,
    depth: u32,
    /// Of each level whether it is an object, the innermost last.
    objects: u32,
    /// How long the string is that is read.
    length: usize,
    /// Whether the outermost object's last name is [`ALG`], as far as it is read.
    named: bool,
    /// Whether there is an `alg`.
    has_alg: bool,
}

impl Reader {
    /// Reads on; `false` if this is no header.
    pub fn takes(&mut self, byte: u8) -> bool {
        let next = match (self.state, byte) {
            (State::Text(is_name), _) => self.text(byte, is_name),
            // Four digits, if it is a `u`, are text like any other.
            (State::Escape(is_name), b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' | b'u') => {
                Some(State::Text(is_name))
            }
            (State::Bare, b'0'..=b'9' | b'a'..=b'z' | b'E' | b'+' | b'-' | b'.') => Some(State::Bare),
            (State::Bare, _) => self.behind(byte),
            (State::Escape(_), _) => None,
            (state, b' ' | b'\t' | b'\r' | b'\n') => Some(state),
            (State::Value | State::First, _) => self.value(byte),
            (State::Name | State::NextName, b'"') => {
                self.length = 0;
                self.named = self.depth == 1;
                Some(State::Text(true))
            }
            (State::Name, b'}') => self.close(true),
            (State::Colon, b':') => Some(State::Value),
            (State::Behind, _) => self.behind(byte),
            (State::Name | State::NextName | State::Colon, _) => None,
        };
        next.is_some_and(|next| {
            self.state = next;
            true
        })
    }

    /// Whether all of it was read, and has what a header has.
    pub fn is_header(&self) -> bool {
        self.depth == 0 && self.state == State::Behind && self.has_alg
    }

    fn value(&mut self, byte: u8) -> Option<State> {
        match byte {
            b'{' if self.depth < DEEPEST => {
                self.open(true);
                Some(State::Name)
            }
            b'[' if (1..DEEPEST).contains(&self.depth) => {
                self.open(false);
                Some(State::First)
            }
            b']' if self.state == State::First => self.close(false),
            b'"' => {
                self.length = 0;
                Some(State::Text(false))
            }
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => Some(State::Bare),
            _ => None,
        }
    }

    fn text(&mut self, byte: u8, is_name: bool) -> Option<State> {
        match byte {
            b'"' if is_name => {
                self.named &= self.length == ALG.len();
                Some(State::Colon)
            }
            b'"' => {
                self.has_alg |= self.named && self.depth == 1 && self.length > 0;
                Some(State::Behind)
            }
            0..0x20 => None,
            byte => {
                if is_name {
                    self.named &= ALG.get(self.length) == Some(&byte);
                }
                self.length += 1;
                Some(if byte == b'\\' { State::Escape(is_name) } else { State::Text(is_name) })
            }
        }
    }

    fn behind(&mut self, byte: u8) -> Option<State> {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => Some(State::Behind),
            b',' if self.depth > 0 => {
                Some(if self.objects & 1 == 1 { State::NextName } else { State::Value })
            }
            b'}' => self.close(true),
            b']' => self.close(false),
            _ => None,
        }
    }

    fn open(&mut self, is_object: bool) {
        self.depth += 1;
        self.objects = self.objects << 1 | u32::from(is_object);
    }

    fn close(&mut self, is_object: bool) -> Option<State> {
        let closes = self.depth > 0 && (self.objects & 1 == 1) == is_object;
        closes.then(|| {
            self.depth -= 1;
            self.objects >>= 1;
            State::Behind
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;
    use serde_json::Value;

    fn is_header(text: &[u8]) -> bool {
        let mut reader = Reader::default();
        text.iter().all(|byte| reader.takes(*byte)) && reader.is_header()
    }

    #[test]
    fn an_object_with_alg() {
        for text in [
            r#"{"alg":"none"}"#,
            "{\"typ\":\"JWT\",\r\n \"alg\" : \"HS256\"} ",
            r#"{"jwk":{"alg":"x","n":[1,-2.5e+3,true,null,[],{}]},"alg":"RS256","kid":"\"\\\u00e9é"}"#,
        ] {
            assert!(is_header(text.as_bytes()), "{text}");
        }
        for text in [
            "{}",
            "",
            r#""alg""#,
            r#"{"alg":""}"#,
            r#"{"alg":1}"#,
            r#"{"algo":"x"}"#,
            r#"{"al":"x"}"#,
            r#"{"jwk":{"alg":"x"}}"#,
            r#"{"n":["alg","x"]}"#,
            r#"{"alg":["x"]}"#,
            r#"{"alg":"x","jwk":{"n":"a"}"#,
            r#"{"alg":"x"]"#,
            r#"{"alg":"x",}"#,
            r#"{"alg" "x"}"#,
            r#"{"alg":"x"}{"#,
            r#"["alg","x"]"#,
        ] {
            assert!(!is_header(text.as_bytes()), "{text}");
        }
        let deep = |levels: usize| {
            let (open, close) = (r#"{"a":"#.repeat(levels), "}".repeat(levels));
            is_header(format!(r#"{{"alg":"x","a":{open}1{close}}}"#).as_bytes())
        };
        assert!(deep(15) && !deep(16));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<String>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            Just(Value::Null)
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::vec(("alg|[a-z\"\\\\é]{0,3}", inner), 0..3)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// What a library reads as a header is one, and what is cut off is none.
        #[test]
        fn as_a_library_reads_it(value in value()) {
            let has = value.get("alg").and_then(Value::as_str).is_some_and(|alg| !alg.is_empty());
            let text = value.to_string();
            prop_assert_eq!(is_header(text.as_bytes()), has, "{}", text);
            prop_assert!(!is_header(&text.as_bytes()[..text.len() - 1]));
        }
    }
}
