//! Which tenants there are.

use std::sync::Arc;

use async_trait::async_trait;
use contract::settings::Settings;
use domain::TenantId;
use ports::Tenants;

use super::fixtures::tenant;

/// The port, and what is behind it.
#[derive(Clone)]
pub struct Registry {
    /// The `registry` table.
    pub tenants: Arc<dyn Tenants>,
    /// Who writes it.
    pub inside: Arc<dyn Inside>,
}

/// What the port does not do.
#[async_trait]
pub trait Inside: Send + Sync {
    /// Sets a tenant up, or changes its settings.
    async fn set_up(&self, settings: Settings);
}

fn settings(name: &str) -> Settings {
    let document = serde_json::json!({"tenant": name, "name": "Shop", "cooling_off_for": "P30D"});
    serde_json::from_value(document).expect("settings")
}

/// Whoever has settings, each once. Others may share the table: these come before them.
pub async fn tenants_are_listed_in_order_page_by_page(r: &Registry) {
    let names = ["a0-all", "a0-all-1", "a0-all-10", "a0-all-2", "a0-all-b", "a0-alla"];
    for name in names.iter().rev().chain(&names) {
        r.inside.set_up(settings(name)).await;
    }
    let expect: Vec<TenantId> = names.iter().map(|name| tenant(name)).collect();
    for most in [1, 4, 6] {
        let (mut found, mut after) = (Vec::new(), None);
        for _ in 0..12 {
            let page = r.tenants.all(after.as_ref(), most).await.expect("a page").tenants;
            assert!(page.len() <= most);
            after = page.last().cloned();
            found.extend(page);
            if after.is_none() || found.len() >= expect.len() {
                break;
            }
        }
        assert_eq!(found.get(..expect.len()), Some(&expect[..]), "{most} at once");
    }
    let all = async |after: Option<&str>, most| {
        let after = after.map(tenant);
        r.tenants.all(after.as_ref(), most).await.expect("a page").tenants
    };
    assert_eq!(all(None, 0).await, []);
    // After one that is not there, and after the last.
    assert_eq!(all(Some("a0-all-11"), 1).await, [tenant("a0-all-2")]);
    assert_eq!(all(Some("zz"), 1).await, []);
}
