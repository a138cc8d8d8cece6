//! The authorizer of API Gateway.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Error, Failure, class, read, run};
use crate::auth::{AuthError, Principal, Refusal, Verifier};
use crate::telemetry::{self, Metric};

/// The message by which API Gateway answers 401. Any other makes it answer 500.
const UNAUTHORIZED: &str = "Unauthorized";

/// What an authorizer of either type, `TOKEN` or `REQUEST`, is asked.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    method_arn: String,
    authorization_token: Option<String>,
    headers: Option<BTreeMap<String, String>>,
}

impl Asked {
    fn authorization(&self) -> Option<&str> {
        self.authorization_token.as_deref().or_else(|| {
            self.headers
                .iter()
                .flatten()
                .find(|(name, _)| name.eq_ignore_ascii_case("authorization"))
                .map(|(_, value)| value.as_str())
        })
    }
}

/// Serves as an authorizer: lets in, for the whole stage, whoever has a good token. Which of them
/// may do what is the API's to say. The answer is kept for the token, so it may not depend on the
/// route.
pub async fn serve_authorizer(name: &'static str, verifier: Arc<Verifier>) -> Result<(), Error> {
    run(name, async |payload, _| authorize(name, payload, &verifier).await).await
}

pub(super) async fn authorize(
    name: &'static str,
    payload: Value,
    verifier: &Verifier,
) -> Result<Value, Failure> {
    let asked: Asked = read(payload)?;
    let stage =
        stage(&asked.method_arn).ok_or_else(|| Failure::permanent("the method's ARN is not an API's"))?;
    let outcome = match asked.authorization() {
        Some(header) => verifier.authorization(header).await,
        None => Err(AuthError::Refused(Refusal::Scheme)),
    };
    match outcome {
        Ok(principal) => Ok(allow(&stage, &principal)),
        Err(AuthError::Refused(refusal)) => {
            telemetry::count(name, Metric::RefusedTokens, 1);
            // Why is for the log alone: to the caller it would say what to try next.
            tracing::info!(%refusal, "token refused");
            Err(Failure { error_type: UNAUTHORIZED.to_owned(), message: UNAUTHORIZED.to_owned() })
        }
        Err(AuthError::Fault(fault)) => Err(Failure::of(&fault, &class)),
    }
}

/// Every method of the stage: `arn:…:execute-api:<region>:<account>:<api>/<stage>/*`.
fn stage(method: &str) -> Option<String> {
    let mut parts = method.split('/');
    let (api, stage) = (parts.next()?, parts.next()?);
    let is_api = api.starts_with("arn:") && api.contains(":execute-api:");
    (is_api && !stage.is_empty()).then(|| format!("{api}/{stage}/*"))
}

/// The identities stay out: API Gateway can be told to log what an authorizer answers.
fn allow(stage: &str, principal: &Principal) -> Value {
    let (tenant, role) = (principal.tenant.as_str(), principal.role.as_str());
    json!({
        "principalId": format!("{tenant}/{role}"),
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Action": "execute-api:Invoke",
                "Resource": stage,
            }],
        },
        "context": {"tenant": tenant, "role": role},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &str, expect: Option<&str>) {
        assert_eq!(stage(method).as_deref(), expect, "{method}");
    }

    #[test]
    fn a_policy_is_for_the_whole_stage() {
        let api = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3";
        let expect = format!("{api}/live/*");
        check(&format!("{api}/live/GET/v1/requests"), Some(&expect));
        check(&format!("{api}/live/DELETE/v1/holds/hold_1"), Some(&expect));
        check(&format!("{api}/live"), Some(&expect));
        check(&format!("{api}//GET"), None);
        check(api, None);
        check("*/live/GET", None);
        check("", None);
    }
}
