//! A message: something that is in memory, sealed whole.

use aws_lc_rs::aead::{Aad, NONCE_LEN, Nonce};
use zeroize::Zeroizing;

use crate::{Context, DataKey, HEADER, Header, Material, Shape, VaultError};

/// The longest plaintext. What is longer is a stream.
pub const MOST_MESSAGE: usize = 16 * 1024 * 1024;

pub(crate) const TAG: usize = 16;

/// How much longer the sealed message is than the plaintext.
pub const fn overhead() -> usize {
    HEADER + TAG
}

/// The derived key is used once, so its only nonce is zero.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

/// Seals `plain`. `salt` must be 32 fresh random bytes.
pub fn seal(
    key: &DataKey,
    context: &Context<'_>,
    salt: [u8; 32],
    plain: &[u8],
) -> Result<Vec<u8>, VaultError> {
    let size = u32::try_from(plain.len()).ok().filter(|_| plain.len() <= MOST_MESSAGE);
    let size = size.ok_or(VaultError::TooLong)?;
    let (header, cipher) = Header::new(Shape::Message, key, context, salt, size)?;
    let mut sealed = Vec::with_capacity(overhead() + plain.len());
    sealed.extend_from_slice(header.as_bytes());
    sealed.extend_from_slice(plain);
    let body = sealed.get_mut(HEADER..).ok_or(VaultError::Refused)?;
    let tag = cipher
        .seal_in_place_separate_tag(nonce(), Aad::from(header.as_bytes()), body)
        .map_err(|_| VaultError::Refused)?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(sealed)
}

/// Opens what [`seal`] made, with the same key and context.
pub fn open(key: &DataKey, context: &Context<'_>, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
    let header = Header::read(sealed)?;
    let body = sealed.get(HEADER..).filter(|body| body.len() >= TAG).ok_or(VaultError::Truncated)?;
    // Under another version's number it opens, and is not given out.
    let mut plain = Zeroizing::new(body.to_vec());
    let said = usize::try_from(header.size()).unwrap_or(usize::MAX).saturating_add(TAG);
    let held = plain.len();
    // Everything is done before anything is said.
    let (cipher, wrong) = header.open(Shape::Message, key, context)?;
    let opened =
        cipher.open_in_place(nonce(), Aad::from(header.as_bytes()), &mut plain).map(|plain| plain.len());
    match (wrong, opened) {
        (Some(wrong), _) => Err(wrong),
        (None, _) if held < said => Err(VaultError::Truncated),
        (None, _) if held > said => Err(VaultError::Trailing),
        (None, Err(_)) => Err(VaultError::Altered),
        (None, Ok(length)) => {
            plain.truncate(length);
            Ok(std::mem::take(&mut *plain))
        }
    }
}

/// Seals the material of another key.
pub fn seal_key(
    key: &DataKey,
    context: &Context<'_>,
    salt: [u8; 32],
    material: &Material,
) -> Result<Vec<u8>, VaultError> {
    seal(key, context, salt, material.expose())
}

/// Opens what [`seal_key`] made. What was in memory for a moment is wiped.
pub fn open_key(key: &DataKey, context: &Context<'_>, sealed: &[u8]) -> Result<Material, VaultError> {
    Material::from_slice(&Zeroizing::new(open(key, context, sealed)?))
}
