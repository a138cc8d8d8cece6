//! The door of `fetch-export`: most come with a token, and some come to the page with a code.

use aws::serve::{Request, Response};
use domain::Personal;
use fulfillment::fetch::{self, PAGE, Ports, Visit, Visitor};

use crate::Door;

impl Door {
    /// Has a request answered: on the page whoever comes, everywhere else only whoever has a good token. On the page nobody has a role,
    /// and nothing is shown but the page.
    pub async fn fetch(&self, ports: &Ports, request: Request) -> Response {
        let visitor = visitor(&request);
        if request.resource != PAGE {
            return self.open(request, async |call| fetch::answer(ports, call, &visitor).await).await;
        }
        crate::shown(match request.method.as_str() {
            "POST" => fetch::enter(ports, &visit(request, visitor)).await,
            _ => fetch::page(),
        })
    }
}

fn visitor(request: &Request) -> Visitor {
    let client = request.headers.get("user-agent").cloned().unwrap_or_default();
    Visitor { address: Personal::new(&request.source), client: Personal::new(client) }
}

fn visit(request: Request, visitor: Visitor) -> Visit {
    Visit {
        tenant: request.path_params.get("tenant").and_then(|tenant| tenant.parse().ok()),
        id: request.path_params.get("id").cloned(),
        form: request.body,
        visitor,
    }
}
