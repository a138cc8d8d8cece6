//! From what API Gateway hands over to a use case, and back. Every function behind the API lets its
//! callers in by this, and lets its answers out by it, so that none does it in another way.

mod exports;

use std::sync::Arc;

use aws::auth::{AuthError, Principal, Verifier};
use aws::serve::{Request, Response};
use contract::problem::Problem;
use fulfillment::api::{self, Answer, Call};
use fulfillment::masking::ByRole;

/// The door of a function.
pub struct Door {
    verifier: Arc<Verifier>,
    by_role: ByRole,
}

impl Door {
    /// Who checks tokens, and by what answers are masked.
    pub fn new(verifier: Arc<Verifier>, by_role: ByRole) -> Self {
        Self { verifier, by_role }
    }

    /// Has a request answered, if its token is good, and answers what the caller's role may see. The authorizer has checked the
    /// token already; it is checked again, because what it says of a person is nowhere but in it, and because an
    /// API whose authorizer was left out of a deployment must not be open.
    pub async fn open(&self, request: Request, answer: impl AsyncFnOnce(&Call) -> Answer) -> Response {
        let token = request.headers.get("authorization").map_or("", String::as_str);
        match self.verifier.authorization(token).await {
            Ok(principal) => shown(self.by_role.answer(&call(request, principal), answer).await),
            Err(AuthError::Refused(refusal)) => {
                tracing::info!("a token was refused: {refusal}");
                let problem = Problem::unauthenticated("Nothing was done. Get a new token and call again.");
                Response::problem(&problem).with_header("www-authenticate", "Bearer")
            }
            Err(AuthError::Fault(fault)) => {
                tracing::warn!("a token could not be checked: {fault}");
                let problem = "Nothing was done. The token could not be checked; call again.";
                Response::problem(&Problem::unavailable(problem)).with_header("retry-after", "1")
            }
        }
    }
}

fn call(request: Request, principal: Principal) -> Call {
    let Principal { tenant, role, sub, identities } = principal;
    Call {
        method: request.method,
        resource: request.resource,
        id: request.path_params.get("id").cloned(),
        query: request.query,
        headers: request.headers.into_iter().collect(),
        body: request.body,
        principal: api::Principal { tenant, role, sub, identities },
    }
}

/// An answer, as API Gateway takes it; what failed on our side is logged.
fn shown(answer: Answer) -> Response {
    if let Some(fault) = &answer.fault {
        tracing::warn!("{fault}");
    }
    Response { status: answer.status, headers: answer.headers, body: answer.body }
}
