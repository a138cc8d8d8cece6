//! Requests of API Gateway, by its proxy integration.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract::problem::Problem;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Error, Failure, read, run};

/// A request. Prints its route only: path, query, headers and body can name a person.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The method, in capitals.
    pub method: String,
    /// The route's template: `/v1/requests/{id}`.
    pub resource: String,
    /// The path.
    pub path: String,
    /// What stands for the parameters of the template.
    pub path_params: BTreeMap<String, String>,
    /// The query: of a name that is there twice, the last.
    pub query: BTreeMap<String, String>,
    /// The headers, by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body; empty if there is none.
    pub body: Vec<u8>,
    /// The address that it came from, as the gateway saw it; empty if it did not say.
    pub source: String,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("resource", &self.resource)
            .finish_non_exhaustive()
    }
}

/// An answer. Prints without its body, which may be what somebody had opened, and without a link.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Headers, beside those that every answer has.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<_> = self.headers.iter().filter(|(name, _)| *name != "location").collect();
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &shown)
            .finish_non_exhaustive()
    }
}

impl Response {
    /// An answer in JSON.
    pub fn json<T: Serialize>(status: u16, body: &T) -> Self {
        match serde_json::to_string(body) {
            Ok(body) => Self::text(status, body, "application/json"),
            Err(_) => Self::problem(&Problem::unavailable("The answer could not be written.")),
        }
    }

    /// An answer in JSON that is there as text already.
    pub fn text(status: u16, body: impl Into<String>, content_type: &str) -> Self {
        Self { status, headers: vec![("content-type", content_type.to_owned())], body: body.into() }
    }

    /// No, and why (RFC 9457).
    pub fn problem(problem: &Problem) -> Self {
        let body = serde_json::to_string(problem).unwrap_or_default();
        Self::text(problem.status, body, "application/problem+json")
    }

    /// The same with another header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Proxied {
    http_method: String,
    resource: String,
    path: String,
    path_parameters: Option<BTreeMap<String, String>>,
    query_string_parameters: Option<BTreeMap<String, String>>,
    headers: Option<BTreeMap<String, String>>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
    #[serde(default)]
    request_context: RequestContext,
}

#[derive(Default, Deserialize)]
struct RequestContext {
    #[serde(default)]
    identity: RequestIdentity,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestIdentity {
    source_ip: Option<String>,
}

fn request(payload: Value) -> Result<Request, Failure> {
    let proxied: Proxied = read(payload)?;
    let body = proxied.body.unwrap_or_default();
    let body = if proxied.is_base64_encoded {
        STANDARD
            .decode(body)
            .map_err(|_| Failure::permanent("the body is not the base 64 that it claims to be"))?
    } else {
        body.into_bytes()
    };
    let headers = proxied.headers.unwrap_or_default();
    Ok(Request {
        method: proxied.http_method.to_ascii_uppercase(),
        resource: proxied.resource,
        path: proxied.path,
        path_params: proxied.path_parameters.unwrap_or_default(),
        query: proxied.query_string_parameters.unwrap_or_default(),
        headers: headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect(),
        body,
        source: proxied.request_context.identity.source_ip.unwrap_or_default(),
    })
}

fn answer(response: Response) -> Value {
    // What the API says is about one caller: nobody in between may keep it, or guess what it is.
    let mut headers = BTreeMap::from([
        ("cache-control", "no-store".to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
    ]);
    headers.extend(response.headers);
    json!({
        "statusCode": response.status,
        "headers": headers,
        "body": response.body,
        "isBase64Encoded": false,
    })
}

/// Serves the API. The handler answers whatever happens; what it cannot do is a problem document.
pub async fn serve_api(name: &'static str, handler: impl AsyncFn(Request) -> Response) -> Result<(), Error> {
    run(name, async |payload, _| api(payload, &handler).await).await
}

pub(super) async fn api(
    payload: Value,
    handler: &impl AsyncFn(Request) -> Response,
) -> Result<Value, Failure> {
    let request = request(payload)?;
    Ok(answer(handler(request).await))
}
