//! Which URLs may be called.

use std::net::IpAddr;

use reqwest::Url;

use super::address;

/// The rule that a URL breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// Not a URL.
    #[error("not a URL")]
    Form,
    /// Another scheme than https.
    #[error("not https")]
    Scheme,
    /// A user or a password before the host.
    #[error("a user or a password in the URL")]
    UserInfo,
    /// A host that is not on the tenant's list.
    #[error("the host is not on the allow-list")]
    Host,
    /// An address that is not on the public internet.
    #[error("the address is not public")]
    Address,
}

impl Rule {
    /// As it is written in a fault.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Form => "url-form",
            Self::Scheme => "url-scheme",
            Self::UserInfo => "url-user-info",
            Self::Host => "host-not-allowed",
            Self::Address => "address-not-public",
        }
    }
}

/// The host of a URL, as an allow-list names it.
pub(crate) fn host_of(url: &str) -> Option<String> {
    Url::parse(url).ok()?.host_str().map(str::to_owned)
}

/// A URL that may be called, as far as can be said without resolving its name.
///
/// `allow_loopback` also lets plain http through, to a host that by its very text is this machine.
pub(crate) fn check(url: &str, allowed: &[String], allow_loopback: bool) -> Result<Url, Rule> {
    // Parsing normalises: `0x7f.1` and `2130706433` are `127.0.0.1` from here on, and a host is
    // lower case and in ASCII.
    let url = Url::parse(url).map_err(|_| Rule::Form)?;
    let host = url.host_str().ok_or(Rule::Form)?;
    let literal = host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
    let local = literal.map_or(host == "localhost", address::is_loopback);
    match url.scheme() {
        "https" => {}
        "http" if allow_loopback && local => {}
        _ => return Err(Rule::Scheme),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Rule::UserInfo);
    }
    if !allowed.iter().any(|entry| is_same_host(entry, host)) {
        return Err(Rule::Host);
    }
    // A literal is never resolved, so this is where it is looked at.
    if literal.is_some_and(|ip| !address::is_public(ip)) && !(allow_loopback && local) {
        return Err(Rule::Address);
    }
    Ok(url)
}

/// An entry names one host. `[::1]` may be written without its brackets.
fn is_same_host(entry: &str, host: &str) -> bool {
    entry.eq_ignore_ascii_case(host)
        || (host.starts_with('[') && entry.eq_ignore_ascii_case(host.trim_matches(['[', ']'])))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: [&str; 6] = ["Hooks.Example.com", "localhost", "127.0.0.1", "10.0.0.7", "1.1.1.1", "::1"];

    fn test(url: &str, allow_loopback: bool, expect: Result<&str, Rule>) {
        let allowed = ALLOWED.map(str::to_owned);
        let got = super::check(url, &allowed, allow_loopback);
        assert_eq!(got.as_ref().map(Url::as_str), expect.as_ref().copied(), "{url}");
    }

    fn strict(url: &str, expect: Result<&str, Rule>) {
        test(url, false, expect);
    }

    fn local(url: &str, expect: Result<&str, Rule>) {
        test(url, true, expect);
    }

    #[test]
    fn only_https_to_a_listed_host() {
        strict("https://hooks.example.com/a?b=1", Ok("https://hooks.example.com/a?b=1"));
        strict("HTTPS://HOOKS.EXAMPLE.COM:8443/", Ok("https://hooks.example.com:8443/"));
        strict("http://hooks.example.com/", Err(Rule::Scheme));
        strict("ftp://hooks.example.com/", Err(Rule::Scheme));
        strict("file:///etc/passwd", Err(Rule::Form));
        strict("hooks.example.com", Err(Rule::Form));
        strict("https://", Err(Rule::Form));
        strict("", Err(Rule::Form));
    }

    #[test]
    fn a_host_is_listed_exactly_or_not_at_all() {
        strict("https://example.com/", Err(Rule::Host));
        strict("https://a.hooks.example.com/", Err(Rule::Host));
        strict("https://hooks.example.com.evil.test/", Err(Rule::Host));
        strict("https://hooks.example.com./", Err(Rule::Host));
        strict("https://evilhooks.example.com/", Err(Rule::Host));
        // The part before the backslash is the host: that is what is compared and connected to.
        strict("https://evil.test\\@hooks.example.com/", Err(Rule::Host));
        assert_eq!(super::check("https://hooks.example.com/", &[], false), Err(Rule::Host));
    }

    #[test]
    fn no_user_and_no_password() {
        strict("https://user@hooks.example.com/", Err(Rule::UserInfo));
        strict("https://:pw@hooks.example.com/", Err(Rule::UserInfo));
        strict("https://hooks.example.com@evil.test/", Err(Rule::UserInfo));
    }

    #[test]
    fn an_address_is_listed_and_public() {
        strict("https://1.1.1.1/", Ok("https://1.1.1.1/"));
        strict("https://8.8.8.8/", Err(Rule::Host));
        strict("https://10.0.0.7/", Err(Rule::Address));
        strict("https://127.0.0.1/", Err(Rule::Address));
        strict("https://2130706433/", Err(Rule::Address));
        strict("https://0x7f.1/", Err(Rule::Address));
        strict("https://0177.0.0.1/", Err(Rule::Address));
        strict("https://[::1]/", Err(Rule::Address));
        strict("https://[::ffff:1.1.1.1]/", Err(Rule::Host));
    }

    #[test]
    fn this_machine_only_by_the_explicit_setting() {
        strict("http://127.0.0.1:4580/", Err(Rule::Scheme));
        strict("http://localhost/", Err(Rule::Scheme));
        local("http://127.0.0.1:4580/hook", Ok("http://127.0.0.1:4580/hook"));
        local("http://localhost:4580/", Ok("http://localhost:4580/"));
        local("https://127.0.0.1/", Ok("https://127.0.0.1/"));
        local("http://[::1]:4580/", Ok("http://[::1]:4580/"));
        // The setting opens this machine, and nothing next to it.
        local("http://10.0.0.7/", Err(Rule::Scheme));
        local("https://10.0.0.7/", Err(Rule::Address));
        local("http://hooks.example.com/", Err(Rule::Scheme));
        local("http://127.0.0.2/", Err(Rule::Host));
    }
}
