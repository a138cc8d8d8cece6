//! The key of one file: fresh, or from a file.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use vault::Material;
use zeroize::Zeroizing;

use crate::ending::Usage;
use crate::file::open_to_others;

/// 64 hex digits and a line break of two bytes, and one byte more to see that it goes on.
const MOST: usize = 67;

/// 128 bits that nobody can guess.
type Random = dyn Fn() -> anyhow::Result<u128>;

/// A key that never was before.
pub fn fresh(random: &Random) -> anyhow::Result<Material> {
    Ok(Material::new(*Zeroizing::new(salt(random)?)))
}

/// 32 random bytes.
pub fn salt(random: &Random) -> anyhow::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    let (first, second) = (random()?.to_le_bytes(), random()?.to_le_bytes());
    bytes.iter_mut().zip(first.into_iter().chain(second)).for_each(|(to, from)| *to = from);
    Ok(bytes)
}

/// The key in a file that nobody else may read.
pub fn read(path: &Path) -> Result<Material, Usage> {
    let complaint = |what: &str| Usage(format!("--key-file {}: {what}", path.display()));
    let unread = |error: std::io::Error| complaint(&error.to_string());
    let mut file = File::open(path).map_err(unread)?;
    // Of the open file, not of the path: that could be another one by now.
    if let Some(mode) = open_to_others(&file).map_err(unread)? {
        return Err(complaint(&format!(
            "other users can read it (mode {mode:04o}), so nothing was done with it.\nIf they had no time \
             to, `chmod 600` it; otherwise make a new key, and do anew with it what was done with this one."
        )));
    }
    let mut bytes = Zeroizing::new([0; MOST]);
    let mut length = 0;
    while let Some(room) = bytes.get_mut(length..).filter(|room| !room.is_empty()) {
        match file.read(room).map_err(unread)? {
            0 => break,
            read => length += read,
        }
    }
    parse(bytes.get(..length).unwrap_or_default()).map_err(complaint)
}

fn parse(bytes: &[u8]) -> Result<Material, &'static str> {
    const FORM: &str = "it is no key: write 32 random bytes or 64 hex digits, and nothing else.\n\
                        (umask 077; head -c 32 /dev/urandom > FILE) makes one.";
    // What can be typed has far fewer than 256 bits: 32 hex digits have 128, a pass phrase fewer still.
    // That 32 random bytes are all printable happens once in a hundred million million times.
    if bytes.len() == 32 && !bytes.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        return Material::from_slice(bytes).map_err(|_| FORM);
    }
    let mut material = Zeroizing::new([0; 32]);
    match hex::decode_to_slice(bytes.trim_ascii_end(), material.as_mut_slice()) {
        Ok(()) => Ok(Material::new(*material)),
        Err(_) => Err(FORM),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_256_bits() {
        fn check(bytes: &[u8], good: bool) {
            assert_eq!(parse(bytes).is_ok(), good, "{bytes:?}");
        }
        let digits = "0123456789abcdefABCDEF0123456789".repeat(2);
        check(&[7; 32], true);
        check(digits.as_bytes(), true);
        check(format!("{digits}\n").as_bytes(), true);
        check(format!("{digits}\r\n").as_bytes(), true);
        check(format!("{digits}00").as_bytes(), false);
        check(digits.replace('a', "g").as_bytes(), false);
        check(&digits.as_bytes()[..32], false);
        check(b"correct horse battery staple, yes", false);
        check(&[7; 31], false);
        check(&[7; 33], false);
        check(b"", false);
    }

    #[test]
    fn hex_and_bytes_are_the_same_key() {
        let hex = parse("0f".repeat(32).as_bytes()).expect("a key");
        assert_eq!(hex.expose(), parse(&[0x0f; 32]).expect("a key").expose());
    }
}
