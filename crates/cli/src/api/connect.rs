//! Where the API is, and with which token it is spoken to.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::rc::Rc;

use anyhow::Context as _;
use reqwest::Url;
use reqwest::header::HeaderValue;

use super::Api;
use crate::args::Global;
use crate::ending::Usage;
use crate::world::{Pace, World};

const HOW: &str = "On this machine: `make up`, then `. target/local/env.sh`.";

/// Reads the address and the token, and refuses what would send the token in clear over a network.
pub fn connect(global: &Global, world: &World) -> anyhow::Result<Api> {
    let base = address(global.url.clone().or_else(|| world.set("LACUNA_URL")))?;
    let token = match &global.token_file {
        Some(file) => std::fs::read_to_string(file)
            .map_err(|e| Usage(format!("--token-file {}: {e}", file.display())))?,
        None => world.set("LACUNA_TOKEN").ok_or_else(|| {
            Usage(format!(
                "LACUNA_TOKEN is not set: it says who you are.\n{HOW}\n\
                 Elsewhere: export LACUNA_TOKEN, or name a file with --token-file."
            ))
        })?,
    };
    let complaint = || Usage("the token has characters that no token has".to_owned());
    let mut token = HeaderValue::from_str(&format!("Bearer {}", token.trim())).map_err(|_| complaint())?;
    token.set_sensitive(true);
    let pace = world.pace;
    let http = client(&base, &pace).timeout(pace.answer_within);
    Ok(Api {
        http: http.build().context("this machine cannot make a connection")?,
        base,
        token,
        pace,
        random: Rc::clone(&world.random),
        notice: Box::new(|_| {}),
    })
}

/// What speaks to this address, and follows no redirect: one would carry what is sent to where nobody meant it.
pub(super) fn client(url: &Url, pace: &Pace) -> reqwest::ClientBuilder {
    let mut http = reqwest::Client::builder()
        .user_agent(concat!("lacuna/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(pace.connect_within)
        .redirect(reqwest::redirect::Policy::none());
    if is_loopback(url) {
        http = http.no_proxy();
        if let Some(name) = url.host_str().filter(|host| host.ends_with(".localhost")) {
            // RFC 6761 section 6.3: such names are this machine. Not every resolver knows.
            let here = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
            http = http.resolve(name, here);
        }
    }
    if url.scheme() == "http" {
        // No TLS, so no need for the machine to have certificates of authorities.
        http = http.tls_certs_only([]);
    }
    http
}

fn address(url: Option<String>) -> Result<Url, Usage> {
    let Some(url) = url else {
        return Err(Usage(format!(
            "LACUNA_URL is not set: it says where the API is.\n{HOW}\n\
             Elsewhere: export LACUNA_URL=https://…, or use --url."
        )));
    };
    let form = || Usage("LACUNA_URL is not an address: write https://host/stage".to_owned());
    let url: Url = url.trim().parse().map_err(|_| form())?;
    let plain = url.username().is_empty() && url.password().is_none();
    if !plain || url.query().is_some() || url.fragment().is_some() || !url.has_host() {
        return Err(form());
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err(Usage(
            "LACUNA_URL begins with http://, which sends the token in clear: that is for this \
             machine only (localhost). Write https://"
                .to_owned(),
        )),
        _ => Err(form()),
    }
}

/// Whether an address is this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_goes_nowhere_in_clear() {
        fn check(url: &str, good: bool) {
            assert_eq!(address(Some(url.to_owned())).is_ok(), good, "{url}");
        }
        check("https://abc.execute-api.eu-central-1.amazonaws.com/live", true);
        check("http://localhost:4566/_aws/execute-api/abc/live", true);
        check("http://127.0.0.1:4566", true);
        check("http://[::1]:4566/", true);
        check("http://abc.execute-api.localhost:4566/live", true);
        check("http://example.com", false);
        check("http://localhost.example.com", false);
        check("http://127.0.0.1.example.com", false);
        check("http://10.0.0.1", false);
        check("https://user:word@example.com", false);
        check("https://example.com/?a=b", false);
        check("ftp://example.com", false);
        check("localhost:4566", false);
        check("", false);
    }
}
