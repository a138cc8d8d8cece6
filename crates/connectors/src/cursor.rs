//! Cursors: where a search goes on. They can contain keys, so whoever keeps one seals it.

use ports::{Class, Code, Fault};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Which value of the search, and where in what it finds.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cursor<M> {
    /// The value's number, from 0, among the search's distinct values.
    pub(crate) value: usize,
    /// The store's own marker; `None` for the value's beginning.
    pub(crate) after: Option<M>,
}

impl<M> Cursor<M> {
    /// The beginning of a value.
    pub(crate) fn at(value: usize) -> Self {
        Self { value, after: None }
    }
}

impl<M: Serialize + DeserializeOwned> Cursor<M> {
    /// Reads a cursor; the beginning if there is none.
    pub(crate) fn read(text: Option<&str>, place: &str) -> Result<Self, Fault> {
        let Some(text) = text else {
            return Ok(Self::at(0));
        };
        serde_json::from_str(text).map_err(|_| unreadable(place))
    }

    /// As it is given out.
    pub(crate) fn write(&self, place: &str) -> Result<String, Fault> {
        serde_json::to_string(self).map_err(|_| unreadable(place))
    }
}

fn unreadable(place: &str) -> Fault {
    Fault::new(
        Class::Permanent,
        Code::PlanUnreadable,
        "cursor",
        place,
        "the cursor was not made by this connector",
    )
}
