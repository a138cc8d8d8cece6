//! Reading the content of one version, piece by piece.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use domain::export::Content;
use ports::stores::{Opened, Target};
use ports::{Chunks, Class, Fault};

use super::NO_ID;
use crate::{aws, place};

const GET: &str = "s3:GetObject";

/// Bytes of a piece at the most, and of every piece but the last.
const PIECE: usize = 1 << 20;

/// The content of a version.
pub(super) async fn open(
    client: &Client,
    target: &Target<'_>,
    content: &Content,
    read_for: Duration,
) -> Result<Opened, Fault> {
    let id = content.version_id.as_deref().unwrap_or(NO_ID);
    let answer = client
        .get_object()
        .bucket(&target.collection.resource)
        .key(content.key.expose())
        .version_id(id)
        // A version without an id is replaced by the next writing.
        .set_if_match(content.etag.clone())
        .send()
        .await;
    let at = place::name(target);
    let answer = match answer {
        Ok(answer) => answer,
        Err(e) => {
            let replaced = e.raw_response().is_some_and(|raw| raw.status().as_u16() == 412);
            let fault = aws::fault(GET, &at, &e);
            return match fault.detail.as_str() {
                _ if replaced => Ok(Opened::Gone),
                "NoSuchKey" | "NoSuchVersion" => Ok(Opened::Gone),
                // S3 Glacier, or an archive tier: the version is there and was not brought back.
                "InvalidObjectState" => Ok(Opened::Archived),
                _ => Err(fault),
            };
        }
    };
    // Not every store that speaks S3 looks at the condition.
    if content.etag.is_some() && answer.e_tag != content.etag {
        return Ok(Opened::Gone);
    }
    let pieces = Pieces { body: Some(answer.body), kept: Vec::new(), left: content.size, read_for, at };
    Ok(Opened::There(Box::new(pieces)))
}

/// A content on its way.
struct Pieces {
    /// `None` after the end, or after a fault.
    body: Option<ByteStream>,
    /// What came and was not given on yet.
    kept: Vec<u8>,
    /// Bytes that are still to be given on.
    left: u64,
    /// How long one waits for the next bytes.
    read_for: Duration,
    at: String,
}

impl Pieces {
    /// What came is not the whole, or more than that.
    fn broken(&mut self, what: &str) -> Fault {
        self.body = None;
        self.kept.clear();
        self.left = u64::MAX;
        aws::answered(Class::Transient, GET, &self.at, what)
    }

    fn take(&mut self, most: usize) -> Vec<u8> {
        let rest = self.kept.split_off(most.min(self.kept.len()));
        let piece = std::mem::replace(&mut self.kept, rest);
        self.left = self.left.saturating_sub(piece.len() as u64);
        piece
    }
}

#[async_trait]
impl Chunks for Pieces {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        while self.kept.len() < PIECE {
            let Some(body) = self.body.as_mut() else {
                break;
            };
            match tokio::time::timeout(self.read_for, body.next()).await {
                Ok(Some(Ok(bytes))) => self.kept.extend_from_slice(&bytes),
                Ok(Some(Err(_))) => return Err(self.broken("the content broke off")),
                Ok(None) => self.body = None,
                Err(_) => return Err(self.broken("no answer in time")),
            }
            if self.kept.len() as u64 > self.left {
                return Err(self.broken("more content than was announced"));
            }
        }
        if self.kept.is_empty() {
            return if self.left == 0 { Ok(None) } else { Err(self.broken("the content broke off")) };
        }
        Ok(Some(self.take(PIECE)))
    }
}
