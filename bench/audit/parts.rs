//! What verifying is made of, each part alone: from memory, over the entries of the shorter log.

use std::fs::File;
use std::hint::black_box;
use std::io::Read;
use std::path::Path;
use std::time::Instant;

use ::audit::tree::{Hash, Range, leaf};

use super::SHORT;
use super::ours::{READ, TOOL, contents, hash, say};
use crate::{Failure, machine};

pub const READING: &str = "reading the file";
pub const ENTRIES: &str = "SHA-256 of each entry, one after the other";
pub const NODES: &str = "SHA-256 of the nodes above";
/// Nothing is begun and ended for each.
pub const WHOLE: &str = "SHA-256 of all entries as one text";

/// Each of them, as entries a second.
pub fn measure(folder: &Path) -> Result<(), Failure> {
    let path = folder.join(SHORT);
    let file = std::fs::read(&path)?;
    let contents: Vec<&[u8]> = contents(&file).collect();
    let count = contents.len();
    let timed = |what: &str, part: &mut dyn FnMut() -> Result<(), Failure>| {
        let begun = Instant::now();
        part()?;
        let seconds = begun.elapsed().as_secs_f64();
        say(TOOL, &machine::locked("aws-lc-rs"), &format!("part: {what}"), count as u64, seconds, None);
        Ok::<_, Failure>(())
    };
    timed(READING, &mut || {
        let (mut from, mut buffer) = (File::open(&path)?, vec![0; READ]);
        while from.read(&mut buffer)? > 0 {
            let _ = black_box(&buffer);
        }
        Ok(())
    })?;
    let mut leaves: Vec<Hash> = vec![[1; 32]; count];
    timed(ENTRIES, &mut || {
        contents.iter().zip(&mut leaves).for_each(|(content, into)| *into = leaf(content));
        Ok(())
    })?;
    timed(NODES, &mut || {
        let mut range = Range::default();
        for leaf in &leaves {
            range.push(*leaf);
        }
        let _ = black_box(range.root());
        Ok(())
    })?;
    let whole = contents.concat();
    timed(WHOLE, &mut || {
        let _ = black_box(hash(&whole)?);
        Ok(())
    })
}
