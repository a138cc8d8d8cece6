//! Reading what one version of an object holds into sealed blocks.

use domain::catalog::ObjectContent;
use domain::export::Content;
use ports::Contents;
use ports::stores::{Opened, Target};
use zeroize::Zeroizing;

use crate::error::StepError;
use crate::staged::{BLOCK, Shelf, StagedContent};

/// What some editors put before a text in UTF-8. It is no part of the document.
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// What became of a content.
pub(super) enum Kept {
    /// It is staged.
    Staged(StagedContent),
    /// It is not there any more.
    Gone,
    /// It is in the store's own archive.
    Archived,
    /// It may name others in places that nobody can tell, so it is not shown.
    Unreadable,
}

/// Reads a content to its end, and says how long what was kept of it is. `at` is the place of its row.
pub(super) async fn keep(
    contents: &dyn Contents,
    target: &Target<'_>,
    content: &mut Content,
    (shelf, at): (&Shelf<'_>, (u32, usize)),
    own: &[&str],
) -> Result<Kept, StepError> {
    let mut chunks = match contents.content(target, content).await? {
        Opened::There(chunks) => chunks,
        Opened::Gone => return Ok(Kept::Gone),
        Opened::Archived => return Ok(Kept::Archived),
    };
    // Where nobody else is named, nothing is masked, and the bytes need not be understood.
    let rules = target.collection.content.as_ref().filter(|rules| !rules.others.is_empty());
    let (page, row) = at;
    let (mut block, mut blocks, mut size) = (Zeroizing::new(Vec::new()), 0, 0);
    while let Some(chunk) = chunks.next().await? {
        block.extend_from_slice(&Zeroizing::new(chunk));
        if rules.is_some() && block.len() > export::mask::LARGEST + MARK.len() {
            return Ok(Kept::Unreadable);
        }
        while rules.is_none() && block.len() >= BLOCK {
            let rest = Zeroizing::new(block.split_off(BLOCK));
            shelf.file_block((page, row, blocks), &block).await?;
            (block, blocks, size) = (rest, blocks + 1, size + BLOCK as u64);
        }
    }
    let mut masked = 0;
    if let Some(rules) = rules {
        let Some((clean, others)) = mask(rules, &block, own) else { return Ok(Kept::Unreadable) };
        (block, masked) = (clean, others);
    }
    if !block.is_empty() {
        shelf.file_block((page, row, blocks), &block).await?;
        (blocks, size) = (blocks + 1, size + block.len() as u64);
    }
    content.size = size;
    Ok(Kept::Staged(StagedContent { blocks, masked }))
}

/// A document without what is somebody else's, and how many values that were; `None` if it cannot be told.
fn mask(rules: &ObjectContent, bytes: &[u8], own: &[&str]) -> Option<(Zeroizing<Vec<u8>>, u64)> {
    let document = bytes.strip_prefix(MARK).unwrap_or(bytes);
    if document.iter().all(u8::is_ascii_whitespace) {
        // Nothing is said in it, of anybody.
        return Some((Zeroizing::new(bytes.to_vec()), 0));
    }
    let (json, masked) = export::mask::json(rules, document, own).ok()?;
    let mut clean = Zeroizing::new(bytes.get(..bytes.len() - document.len())?.to_vec());
    clean.extend_from_slice(&Zeroizing::new(json));
    Some((clean, masked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_masked_or_not_shown() {
        fn check(document: &[u8], expect: Option<(&[u8], u64)>) {
            let rules: ObjectContent =
                serde_json::from_str(r#"{"format":"json","others":["/by"]}"#).expect("rules");
            let found = mask(&rules, document, &[]);
            assert_eq!(found.as_ref().map(|(clean, masked)| (clean.as_slice(), *masked)), expect);
        }
        check(br#"{"by":"Em"}"#, Some((br#"{"by":"[another person's]"}"#, 1)));
        check(b"\xEF\xBB\xBF{\"by\":1}", Some((b"\xEF\xBB\xBF{\"by\":\"[another person's]\"}", 1)));
        check(b"", Some((b"", 0)));
        check(b"\xEF\xBB\xBF \n", Some((b"\xEF\xBB\xBF \n", 0)));
        check(b"{", None);
        check(br#"{"by":"Employee","note":"\ud800"}"#, None);
        check(b"\xFF", None);
    }
}
