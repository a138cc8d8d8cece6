//! What each kind is, verified at the places where its shape is. A file for each, with the rule's source and the
//! vectors that were published for it.

pub(crate) mod aws;
pub(crate) mod card;
pub(crate) mod email;
pub(crate) mod groups;
pub(crate) mod iban;
pub(crate) mod ipv4;
pub(crate) mod ipv6;
pub(crate) mod jwt;
pub(crate) mod keys;
pub(crate) mod mac;
pub(crate) mod national;
pub(crate) mod numbers;
pub(crate) mod phone;
pub(crate) mod ssn;
pub(crate) mod words;

#[cfg(test)]
pub(crate) mod testing;
