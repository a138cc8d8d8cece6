//! Many records, in memory that does not grow with them.

use ports::stores::{PAGE, Treatment};

use super::{Fixture, Scene};

/// Kilobytes that the process may grow by, however many records there are: a few pages, the
/// connections' buffers, and what the allocator keeps.
pub const MOST_GROWTH_KB: u64 = 24 * 1024;

/// Finds, walks by and erases so many records page by page and holds the growth of the process to
/// [`MOST_GROWTH_KB`]. Nothing else may run in the process meanwhile. Linux only.
pub async fn stays_small(fixture: &dyn Fixture, count: usize) {
    let scene = Scene::of(fixture);
    let who = [fixture.person(1)];
    scene.plant(&fixture.person(2), 3).await;
    scene.plant(&who[0], count).await;
    reset_peak();
    let start = memory("VmRSS");

    let (mut located, mut walked) = (0, 0);
    let mut done = 0;
    for erase in [false, true] {
        let mut cursor = None;
        loop {
            let found = scene.page(&who, cursor.as_deref()).await.expect("a page");
            if erase {
                done += scene.erased(&found.records, &Treatment::Delete).await.done;
            } else {
                located += found.records.len();
            }
            cursor = found.next;
            if cursor.is_none() {
                break;
            }
        }
        if !erase {
            assert_eq!(scene.confirm(&who).await, count as u64);
            walked = walk(&scene).await;
        }
    }
    let growth = memory("VmHWM").saturating_sub(start);
    assert_eq!((located, walked), (count, count + 3));
    assert_eq!(done, count as u64);
    assert_eq!(scene.confirm(&who).await, 0);
    assert_eq!(scene.rows().await.len(), 3);
    assert!(growth <= MOST_GROWTH_KB, "grew by {growth} KB over {count} records");
}

/// How many records a walk shows. None is kept.
async fn walk(scene: &Scene<'_>) -> usize {
    let (mut shown, mut cursor) = (0, None);
    loop {
        let walked = scene.walked(cursor.as_deref()).await.expect("a page");
        shown += walked.records.len();
        cursor = walked.next;
        if cursor.is_none() {
            return shown;
        }
    }
}

/// Reads so many records of so many bytes whole, with their contents, and holds the growth of the process to
/// [`MOST_GROWTH_KB`].
pub async fn reads_little_at_once(fixture: &dyn Fixture, count: usize, weight: usize) {
    let scene = Scene::of(fixture);
    let who = [fixture.person(1)];
    for _ in 0..count {
        assert!(fixture.plant(&who[0], 1, weight).await, "large records can be planted");
    }
    reset_peak();
    let start = memory("VmRSS");
    let found = scene.locate(&who).await;
    let (mut bytes, mut taken) = (0, 0);
    for page in found.chunks(PAGE) {
        let mut left = page;
        while !left.is_empty() {
            let collected = scene.collect(left).await.expect("rows");
            for row in &collected.rows {
                bytes += row.size() as u64;
                let (Some(contents), Some(content)) = (fixture.contents(), &row.content) else { continue };
                let opened = contents.content(&scene.target(), content).await.expect("an answer");
                let mut chunks = opened.there().expect("it is there");
                while let Some(piece) = chunks.next().await.expect("a piece") {
                    bytes += piece.len() as u64;
                }
            }
            taken += collected.taken;
            left = &left[collected.taken..];
        }
    }
    let growth = memory("VmHWM").saturating_sub(start);
    assert_eq!(taken, count);
    assert!(bytes >= (count * weight) as u64, "{bytes} bytes are read");
    assert!(growth <= MOST_GROWTH_KB, "grew by {growth} KB over {count} records");
}

/// Makes the kernel forget the peak so far.
fn reset_peak() {
    std::fs::write("/proc/self/clear_refs", "5").expect("Linux resets the peak");
}

/// A line of `/proc/self/status`, in kilobytes.
fn memory(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux says");
    let found = status.lines().find_map(|text| text.strip_prefix(line));
    let number = found.and_then(|rest| rest.split_whitespace().nth(1));
    number.and_then(|text| text.parse().ok()).expect("a number")
}
