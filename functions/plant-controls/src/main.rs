//! Keeps every store's control person there.

use std::sync::Arc;

use aws::telemetry::{self, Metric};
use aws::{Account, serve};
use fulfillment::StepError;
use fulfillment::steps::plant_controls;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), serve::Error> {
    let account = Account::from_env().await;
    let ports = plant_controls::Ports {
        tenants: account.tenants()?,
        catalogs: account.catalogs()?,
        stores: Arc::new(connectors::Connectors::from_environment()),
        entropy: account.entropy(),
    };
    aws::serve("plant-controls", StepError::error_type, async |_: serde_json::Value, budget| {
        let done = plant_controls::run(&ports, budget).await;
        done.missing.iter().for_each(|missing| {
            let (tenant, store) = (missing.tenant.as_str(), missing.store.as_str());
            tracing::error!(tenant, store, why = missing.why, "a control is not found");
        });
        telemetry::count("plant-controls", Metric::ControlsMissing, done.missing.len());
        telemetry::count("plant-controls", Metric::StoresUnreached, done.unreached);
        tracing::info!(
            found = done.found,
            missing = done.missing.len(),
            unsure = done.unsure,
            unreached = done.unreached,
            "controls"
        );
        done.ended()
    })
    .await
}
