//! Lets a person fetch their package. The only function that may have one read.

use std::collections::BTreeMap;

use aws::serve::Request;
use aws::{Account, serve};
use domain::Personal;
use fulfillment::fetch::{self, PAGE, Ports, Visit, Visitor, answer, enter};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let verifier = account.verifier()?;
    let ports = Ports {
        requests: account.requests()?,
        keyring: account.keyring()?,
        links: account.links()?,
        visits: account.visits()?,
        clock: account.clock(),
        entropy: account.entropy(),
    };
    aws::serve_api("fetch-export", async |request: Request| {
        let visitor = visitor(&request);
        if request.resource != PAGE {
            let answer = async |call| answer(&ports, &call, &visitor).await;
            return door::open(&verifier, request, &answer).await;
        }
        door::shown(match request.method.as_str() {
            "POST" => enter(&ports, &visit(request, visitor)).await,
            _ => fetch::page(),
        })
    })
    .await
}

fn visitor(request: &Request) -> Visitor {
    let client = request.headers.get("user-agent").cloned().unwrap_or_default();
    Visitor { address: Personal::new(&request.source), client: Personal::new(client) }
}

fn visit(request: Request, visitor: Visitor) -> Visit {
    let named = |params: &BTreeMap<String, String>, name: &str| params.get(name).cloned();
    Visit {
        tenant: named(&request.path_params, "tenant").and_then(|tenant| tenant.parse().ok()),
        id: named(&request.path_params, "id"),
        form: request.body,
        visitor,
    }
}
