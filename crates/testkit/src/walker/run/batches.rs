//! The `ItemBatcher` of a Distributed Map.

use serde_json::{Value, json};

use super::{Run, Seen, Stay};
use crate::walker::model::Batcher;
use crate::walker::scene::Broken;
use crate::walker::trace::size;

/// The largest batch, in bytes.
const LARGEST_BATCH: u64 = 262_144;

impl Run<'_> {
    /// Gathers items into batches, each with the number of items in it.
    pub(super) fn batches(
        &self,
        stay: &Stay<'_>,
        batcher: &Batcher,
        items: Vec<Value>,
    ) -> Result<Vec<(Value, usize)>, Broken> {
        let scene = stay.scene(self, Seen::default());
        let limit = |template: Option<&_>, name: &str, most: u64| {
            let field = format!("ItemBatcher/{name}");
            let limit = template.map(|template| scene.whole(template, &field, 1, most)).transpose();
            limit.map(|limit| limit.and_then(|l| usize::try_from(l).ok()).unwrap_or(usize::MAX))
        };
        let most = limit(batcher.max_items.as_ref(), "MaxItemsPerBatch", u64::MAX)?;
        let largest = limit(batcher.max_bytes.as_ref(), "MaxInputBytesPerBatch", LARGEST_BATCH)?;
        let fixed = batcher.input.as_ref();
        let fixed = fixed.map(|input| scene.evaluate(input, "ItemBatcher/BatchInput")).transpose()?;
        let close = |items: Vec<Value>| {
            let weight = items.len();
            let mut batch = json!({"Items": items});
            if let Some(fixed) = &fixed {
                batch["BatchInput"] = fixed.clone();
            }
            (batch, weight)
        };
        let empty = size(&close(Vec::new()).0);
        let (mut closed, mut open, mut bytes) = (Vec::new(), Vec::new(), empty);
        for item in items {
            let more = size(&item) + 1;
            if !open.is_empty() && (open.len() == most || bytes + more > largest) {
                closed.push(close(std::mem::take(&mut open)));
                bytes = empty;
            }
            bytes += more;
            open.push(item);
        }
        if !open.is_empty() {
            closed.push(close(open));
        }
        Ok(closed)
    }
}
