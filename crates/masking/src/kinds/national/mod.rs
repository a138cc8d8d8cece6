//! National identification numbers, a file for each country.
//!
//! How easily a number is taken for one decides what it needs. If of five hundred random numbers of the same length and form fewer
//! than one would pass its checks, or it is written with letters or separators that nothing else has, it is found by itself;
//! otherwise only where a word before it, on the same line, says what it is.

pub(crate) mod be;
pub(crate) mod br;
pub(crate) mod ca;
pub(crate) mod ch;
pub(crate) mod cn;
pub(crate) mod de;
pub(crate) mod es;
pub(crate) mod fi;
pub(crate) mod fr;
pub(crate) mod ind;
pub(crate) mod it;
pub(crate) mod nl;
pub(crate) mod no;
pub(crate) mod pl;
pub(crate) mod se;
pub(crate) mod uk;

use super::numbers::Number;
use crate::context::{self, Names};
use crate::text::Text;

/// Words that are neither names nor fillers and may still stand between: checks stand behind the name as well.
const OTHERS: usize = 2;

/// Whether one of these names stands before the number.
fn named(text: Text<'_>, number: &Number<'_>, names: &Names) -> bool {
    context::says(text, number.start, names, OTHERS)
}
