//! Files that the program reads and writes: under its name a file is whole or not there, and whoever stops
//! the program leaves no half of one behind.

mod passphrase;
mod place;
mod stop;

pub use passphrase::{parse as parse_passphrase, read as read_passphrase};
pub use place::{Draft, Place, Sink, Source, is_standard};
pub use stop::Stop;

/// The mode of an open file, if anybody but the owner has a right in it.
#[cfg(unix)]
pub fn open_to_others(file: &std::fs::File) -> std::io::Result<Option<u32>> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file.metadata()?.permissions().mode() & 0o7777;
    Ok((mode & 0o077 != 0).then_some(mode))
}

/// The mode of an open file, if anybody but the owner has a right in it.
#[cfg(not(unix))]
pub fn open_to_others(_: &std::fs::File) -> std::io::Result<Option<u32>> {
    Ok(None)
}
