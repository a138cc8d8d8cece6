//! Answers with something in them that is nobody else's: it cannot be printed by accident.

use domain::Personal;
use jiff::Timestamp;
use serde::Deserialize;

/// The answer to `POST /v1/requests/{id}/export/code`.
#[derive(Deserialize)]
pub struct DownloadCode {
    /// The code: 64 hexadecimal digits.
    pub code: Personal,
    /// Until when it opens anything.
    pub expires_at: Timestamp,
}

/// One line of `GET /v1/requests/{id}/downloads`: a link that was given out.
#[derive(Deserialize)]
pub struct Download {
    /// Its number, from 1.
    pub link: u32,
    /// When.
    pub at: Timestamp,
    /// The address that asked for it.
    pub address: Personal,
    /// What the client said that it is.
    pub client: Personal,
}
