//! How names become addresses.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{CallError, Rule, address};

/// Finds the addresses of a name.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// All addresses of a name; empty if it has none.
    async fn addresses(&self, name: &str) -> Vec<IpAddr>;
}

/// Asks whatever the machine asks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn addresses(&self, name: &str) -> Vec<IpAddr> {
        match tokio::net::lookup_host((name, 0)).await {
            Ok(found) => found.map(|socket| socket.ip()).collect(),
            Err(_) => Vec::new(),
        }
    }
}

/// Resolves for a connection, which then goes to one of exactly these addresses: the name cannot
/// mean something else by the time it is used.
pub(super) struct Checked {
    pub(super) lookup: Arc<dyn Lookup>,
    pub(super) allow_loopback: bool,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, allow_loopback) = (Arc::clone(&self.lookup), self.allow_loopback);
        Box::pin(async move {
            let found = lookup.addresses(name.as_str()).await;
            Ok(check(&found, allow_loopback)?)
        })
    }
}

/// One address that may not be connected to spoils them all: a name that is partly ours is a trap.
fn check(found: &[IpAddr], allow_loopback: bool) -> Result<Addrs, CallError> {
    if found.is_empty() {
        return Err(CallError::Unresolved);
    }
    let fine = |ip: &IpAddr| address::is_public(*ip) || (allow_loopback && address::is_loopback(*ip));
    if !found.iter().all(fine) {
        return Err(CallError::Refused(Rule::Address));
    }
    // Port 0 stands for the URL's.
    let sockets: Vec<SocketAddr> = found.iter().map(|ip| SocketAddr::new(*ip, 0)).collect();
    Ok(Box::new(sockets.into_iter()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(found: &[&str], allow_loopback: bool, expect: Result<usize, CallError>) {
        let found: Vec<IpAddr> = found.iter().map(|ip| ip.parse().expect("an address")).collect();
        let got = check(&found, allow_loopback).map(Iterator::count);
        assert_eq!(got, expect, "{found:?}");
    }

    #[test]
    fn every_address_of_a_name_must_be_public() {
        let refused = Err(CallError::Refused(Rule::Address));
        test(&["1.1.1.1", "2606:4700::1"], false, Ok(2));
        test(&["1.1.1.1", "10.0.0.1"], false, refused);
        test(&["127.0.0.1"], false, refused);
        test(&["::1"], false, refused);
        test(&["::ffff:1.1.1.1"], false, refused);
        test(&[], false, Err(CallError::Unresolved));
    }

    #[test]
    fn loopback_is_opened_and_nothing_else() {
        let refused = Err(CallError::Refused(Rule::Address));
        test(&["127.0.0.1", "::1"], true, Ok(2));
        test(&["127.0.0.1", "192.168.1.1"], true, refused);
        test(&["169.254.169.254"], true, refused);
    }
}
