//! Reading the form of the page: by hand, since it has two fields, and whatever else is sent is refused.

use domain::Personal;
use zeroize::Zeroizing;

use super::by_token::package_of;

/// Hexadecimal digits of a code.
const DIGITS: usize = 64;

/// Bytes of a form at the most.
const MOST: usize = 4 << 10;

/// What somebody entered.
pub(super) struct Form {
    /// The code: as many hexadecimal digits as a code has.
    pub(super) code: Personal,
    /// Which package, if they said.
    pub(super) package: Option<usize>,
}

/// Reads a form; `None` if it holds no code. That says nothing of any request: a text of another form
/// opens none.
pub(super) fn read(bytes: &[u8]) -> Option<Form> {
    let text = std::str::from_utf8(bytes).ok().filter(|_| bytes.len() <= MOST)?;
    let code = decoded(field(text, "code")??)?;
    // Copied out of a letter it may be broken into lines.
    let code = Zeroizing::new(code.to_ascii_lowercase().split_whitespace().collect::<String>());
    let is_code = code.len() == DIGITS && code.bytes().all(|b| b.is_ascii_hexdigit());
    let package = match field(text, "package")? {
        Some(package) if !package.is_empty() => Some(package_of(Some(package))?),
        _ => None,
    };
    is_code.then(|| Form { code: Personal::new(code.as_str()), package })
}

/// A field's value as it was sent; nothing at all if the field is there twice.
#[allow(clippy::option_option, reason = "nothing is said of the field, or something wrong")]
fn field<'a>(text: &'a str, name: &str) -> Option<Option<&'a str>> {
    let mut values = text.split('&').filter_map(|pair| pair.split_once('=')).filter(|(own, _)| *own == name);
    let value = values.next().map(|(_, value)| value);
    values.next().is_none().then_some(value)
}

/// A value of `application/x-www-form-urlencoded`.
fn decoded(value: &str) -> Option<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(value.len()));
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16).and_then(|d| u8::try_from(d).ok());
                digit()? << 4 | digit()?
            }
            other => other,
        });
    }
    std::str::from_utf8(&bytes).ok().map(|text| Zeroizing::new(text.to_owned()))
}
