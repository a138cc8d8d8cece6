//! Locating value by value, a page at a time.

use std::future::Future;

use domain::plan::Record;
use futures::StreamExt;
use ports::Fault;
use ports::stores::PAGE;

use crate::cursor::Cursor;

/// Values that are asked for at the same time.
const AHEAD: usize = 8;

/// What one value's next page brought: at most [`PAGE`] records, and the store's marker if there is
/// more.
pub(crate) struct Brought<M> {
    pub(crate) records: Vec<Record>,
    pub(crate) more: Option<M>,
}

/// Fills one page from `count` values, beginning at the cursor. A value whose answer does not fit
/// any more is asked again for the next page, so no more than [`AHEAD`] pages are ever held.
pub(crate) async fn fill<M, F, W>(
    count: usize,
    from: Cursor<M>,
    ask: F,
) -> Result<(Vec<Record>, Option<Cursor<M>>), Fault>
where
    F: Fn(usize, Option<M>) -> W,
    W: Future<Output = Result<Brought<M>, Fault>>,
{
    let Cursor { value: mut at, after } = from;
    if at >= count {
        return Ok((Vec::new(), None));
    }
    // The first answer alone: if it already is a page, looking ahead was for nothing.
    let first = ask(at, after).await?;
    let mut page = first.records;
    if first.more.is_some() {
        return Ok((page, Some(Cursor { value: at, after: first.more })));
    }
    at += 1;
    let ahead: Vec<W> = (at..count).map(|value| ask(value, None)).collect();
    let mut answers = futures::stream::iter(ahead).buffered(AHEAD);
    while page.len() < PAGE {
        let Some(answer) = answers.next().await else {
            return Ok((page, None));
        };
        let Brought { records, more } = answer?;
        if page.len() + records.len() > PAGE {
            return Ok((page, Some(Cursor::at(at))));
        }
        page.extend(records);
        if more.is_some() {
            return Ok((page, Some(Cursor { value: at, after: more })));
        }
        at += 1;
    }
    let next = (at < count).then(|| Cursor::at(at));
    Ok((page, next))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::plan::Value;

    fn record(value: usize, n: usize) -> Record {
        let text = Value::of(domain::catalog::FieldKind::Text, &format!("{value}-{n}"));
        Record {
            key: [("id".to_owned(), text.clone())].into(),
            via: "id".to_owned(),
            via_value: text,
            values: [].into(),
        }
    }

    /// Walks values that find so many records each, and gives every page's size.
    async fn walk(sizes: &[usize]) -> Vec<usize> {
        let ask = |value: usize, after: Option<usize>| async move {
            let from = after.unwrap_or(0);
            let to = sizes[value].min(from + PAGE);
            Ok(Brought {
                records: (from..to).map(|n| record(value, n)).collect(),
                more: (to < sizes[value]).then_some(to),
            })
        };
        let mut cursor = Cursor::at(0);
        let mut pages = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        loop {
            let (records, next) = fill(sizes.len(), cursor, ask).await.expect("a page");
            pages.push(records.len());
            for record in records {
                assert!(seen.insert(record.key), "found twice");
            }
            match next {
                Some(next) => cursor = next,
                None => break,
            }
        }
        assert_eq!(seen.len(), sizes.iter().sum::<usize>());
        pages
    }

    #[tokio::test]
    async fn pages_are_filled_over_values_and_never_too_large() {
        assert_eq!(walk(&[]).await, [0]);
        assert_eq!(walk(&[0, 0, 0]).await, [0]);
        assert_eq!(walk(&[1; 100]).await, [100]);
        assert_eq!(walk(&[PAGE]).await, [PAGE]);
        assert_eq!(walk(&[PAGE + 1]).await, [PAGE, 1]);
        assert_eq!(walk(&[PAGE, 1]).await, [PAGE, 1]);
        assert_eq!(walk(&[300, 300, 300]).await, [300, 300, 300]);
        assert_eq!(walk(&[2 * PAGE + 1, 0, 5]).await, [PAGE, PAGE, 6]);
        assert_eq!(walk(&[5, 2 * PAGE]).await, [5, PAGE, PAGE]);
    }
}
