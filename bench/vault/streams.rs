//! The vault's streams: file to file, and memory to memory.

use std::fs::File;
use std::io::{Cursor, Read, Write};
use std::path::Path;
use std::time::Instant;

use ::vault::{FRAME, OpenReader, SealWriter};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Value, json};

use super::INPUT;
use super::ours::{Fresh, context, key, proof, say};
use crate::Failure;

/// File to file, and that file to a third.
pub fn disk(folder: &Path) -> Result<(), Failure> {
    let [plain, sealed, opened] = ["input", "sealed", "opened"].map(|name| folder.join(name));
    let mut buffer = vec![0; FRAME];
    let begun = Instant::now();
    let (mut from, to) = (File::open(&plain)?, File::create(&sealed)?);
    let mut to = SealWriter::new(to, &key(), &context("export"), Fresh::new().take()?)?;
    pump(&mut from, &mut to, &mut buffer)?;
    drop(to.finish()?);
    say("disk seal", INPUT, begun.elapsed(), &Value::Null);
    let begun = Instant::now();
    let (mut from, mut to) = (File::open(&sealed)?, File::create(&opened)?);
    let header = OpenReader::header(&mut from)?;
    pump(&mut OpenReader::new(from, &header, &key(), &context("export"))?, &mut to, &mut buffer)?;
    drop(to);
    let taken = begun.elapsed();
    let checked = json!({ "digest": super::digest(&opened, INPUT)?, "bytes": opened.metadata()?.len() });
    say("disk open", INPUT, taken, &checked);
    std::fs::remove_file(&sealed)?;
    std::fs::remove_file(&opened)?;
    Ok(())
}

fn pump(from: &mut impl Read, to: &mut impl Write, buffer: &mut [u8]) -> Result<(), Failure> {
    loop {
        let read = from.read(buffer)?;
        if read == 0 {
            return Ok(());
        }
        to.write_all(&buffer[..read])?;
    }
}

/// Into memory that is there and was touched: what is measured is not the kernel finding pages.
pub fn memory(folder: &Path) -> Result<(), Failure> {
    let plain = std::fs::read(folder.join("input"))?;
    let mut sealed = vec![1; INPUT + INPUT / 1000 + 4096];
    let mut opened = vec![1; INPUT];
    let begun = Instant::now();
    let to = Cursor::new(sealed.as_mut_slice());
    let mut to = SealWriter::new(to, &key(), &context("export"), Fresh::new().take()?)?;
    to.write_all(&plain)?;
    let length = usize::try_from(to.finish()?.position())?;
    say("memory seal", INPUT, begun.elapsed(), &Value::Null);
    let begun = Instant::now();
    let mut from = &sealed[..length];
    let header = OpenReader::header(&mut from)?;
    let mut from = OpenReader::new(from, &header, &key(), &context("export"))?;
    from.read_exact(&mut opened)?;
    if from.read(&mut [0])? > 0 {
        return Err("more came back than was sealed".into());
    }
    let taken = begun.elapsed();
    say("memory open", INPUT, taken, &proof(&opened));
    alone()
}

/// The cipher alone, on one block that stays in the cache: what no tool that uses it can exceed.
fn alone() -> Result<(), Failure> {
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32])?);
    let mut block = vec![0; FRAME];
    let begun = Instant::now();
    for number in 0..INPUT / FRAME {
        let mut nonce = [0; 12];
        nonce[4..].copy_from_slice(&u64::try_from(number)?.to_be_bytes());
        let tag = cipher.seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::empty(),
            block.as_mut_slice(),
        )?;
        let _ = std::hint::black_box(tag);
    }
    say("part: cipher alone", INPUT / FRAME * FRAME, begun.elapsed(), &Value::Null);
    Ok(())
}
