//! What was handed over, unpacked.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::logs::Delivery;
use flate2::read::MultiGzDecoder;
use ports::{Class, Code, Fault};

/// Bytes of what is packed, at the most: Lambda hands over no more at once.
pub(super) const MOST_PACKED: usize = 6 << 20;

/// Bytes of it unpacked, at the most. Lines of logs become a tenth or a twentieth of themselves; whoever sends a thousandfold means
/// harm.
pub(super) const MOST_UNPACKED: u64 = 64 << 20;

/// Unpacks lines. What is wrong with them is said, and none of them.
pub(super) fn unpack(data: &str) -> Result<Delivery, Fault> {
    if data.len() > MOST_PACKED {
        return Err(refused("too-large"));
    }
    let packed = STANDARD.decode(data).map_err(|_| refused("no-base64"))?;
    let mut json = Vec::new();
    let read = MultiGzDecoder::new(&*packed).take(MOST_UNPACKED + 1).read_to_end(&mut json);
    if read.map_err(|_| refused("no-gzip"))? as u64 > MOST_UNPACKED {
        return Err(refused("too-large-unpacked"));
    }
    serde_json::from_slice(&json).map_err(|_| refused("no-delivery"))
}

fn refused(detail: &str) -> Fault {
    Fault::new(Class::Permanent, Code::LogsNotCopied, "unpack", "delivery", detail)
}
