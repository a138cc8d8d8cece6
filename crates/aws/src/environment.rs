//! The one door to the environment.

/// A variable; `None` if it is unset, empty, or not Unicode.
#[allow(
    clippy::disallowed_methods,
    reason = "the door: whoever needs a variable asks here, so that what is read can be listed"
)]
pub(crate) fn read(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
