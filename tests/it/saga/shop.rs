//! A small company: a shop, its support bucket and its CRM, and three people who never were.

use domain::catalog::FieldKind;
use domain::plan::Value;
use domain::{Personal, TenantId};
use testkit::memory::{Row, World};

/// The catalog of the demonstration.
pub const CATALOG: &str = include_str!("../../../localstack/catalog.yaml");

/// The person who is erased. The text is a mark: wherever it turns up later is a leak.
pub const PERSON: &str = "marked-person@example.com";
/// The person's name, likewise.
pub const NAME: &str = "Marked Person";
/// Somebody else.
pub const NEIGHBOUR: &str = "neighbour@example.org";
/// The employee who looks after both.
pub const EMPLOYEE: &str = "employee@example.net";

/// Invoices of the person.
pub const INVOICES: i64 = 7;

/// A record.
pub fn row(fields: &[(&str, Value)]) -> Row {
    fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// A text.
pub fn text(value: impl Into<String>) -> Value {
    Value::Text(Personal::new(value))
}

/// A number.
pub fn number(value: i64) -> Value {
    Value::of(FieldKind::Number, &value.to_string())
}

/// Fills the stores.
pub fn fill(world: &World, tenant: &TenantId) {
    let catalog = world.current_catalog().expect("a catalog is published");
    world.provision(tenant, &catalog);
    for (id, email, name, invoices) in [(1, PERSON, NAME, INVOICES), (11, NEIGHBOUR, "Neigh Bour", 3)] {
        customer(world, tenant, id, email, name, invoices);
    }
    let put = putter(world, tenant);
    put(
        "shop",
        "employees",
        row(&[
            ("EmployeeId", number(3)),
            ("Email", text(EMPLOYEE)),
            ("FirstName", text("Em")),
            ("Phone", text("1")),
        ]),
    );
}

/// What puts records into collections of stores, by their names in the catalog in force.
pub fn putter<'a>(world: &'a World, tenant: &'a TenantId) -> impl Fn(&str, &str, Row) + 'a {
    move |store, collection, row| {
        let catalog = world.current_catalog().expect("a catalog is published");
        let store = catalog.store(&store.parse().expect("a store")).expect("in the catalog").clone();
        let collection = store.collection(collection).expect("in the catalog");
        world.database(tenant, &store.id).put(collection, row).expect("put");
    }
}

/// What a ticket of somebody's says.
pub fn ticket(email: &str) -> String {
    format!("{{\"from\":\"{email}\",\"messages\":[]}}")
}

fn customer(world: &World, tenant: &TenantId, id: i64, email: &str, name: &str, invoices: i64) {
    let put = putter(world, tenant);
    put(
        "shop",
        "customers",
        row(&[
            ("CustomerId", number(id)),
            ("Email", text(email)),
            ("FirstName", text(name)),
            ("SupportRepId", number(3)),
        ]),
    );
    for n in 0..invoices {
        invoice(world, tenant, id, id * 100 + n, name);
    }
    let contact = contact(world, tenant, id, email, name);
    for n in 0..3 {
        let note = text(format!("{name} called"));
        put(
            "crm",
            "interactions",
            row(&[("interaction_id", number(id * 10 + n)), ("contact_id", text(&contact)), ("note", note)]),
        );
        put(
            "crm",
            "revenue_by_customer",
            row(&[("customer_id", number(id)), ("year", number(2023 + n)), ("total", number(10 + n))]),
        );
    }
    let support = world.database(tenant, &"support".parse().expect("a store"));
    support.put_object("shop-support", &format!("tickets/{id}/T{id}.json"), ticket(email));
    support.put_object("shop-support", &format!("avatars/{id}.png"), "png");
}

/// A person's contact in the CRM; its id.
pub fn contact(world: &World, tenant: &TenantId, id: i64, email: &str, name: &str) -> String {
    let contact = format!("C{id:04}");
    contact_of(world, tenant, &contact, id, email, name);
    contact
}

/// A contact that is a customer's.
pub fn contact_of(world: &World, tenant: &TenantId, contact: &str, id: i64, email: &str, name: &str) {
    putter(world, tenant)(
        "crm",
        "contacts",
        row(&[
            ("contact_id", text(contact)),
            ("customer_id", number(id)),
            ("email", text(email)),
            ("full_name", text(name)),
            ("suppressed", number(0)),
        ]),
    );
}

/// One call with the person.
pub fn interaction(world: &World, tenant: &TenantId, id: i64, contact: &str, name: &str) {
    let note = text(format!("{name} called"));
    let fields = [("interaction_id", number(id)), ("contact_id", text(contact)), ("note", note)];
    putter(world, tenant)("crm", "interactions", row(&fields));
}

/// One invoice with two lines.
pub fn invoice(world: &World, tenant: &TenantId, customer: i64, id: i64, name: &str) {
    let put = putter(world, tenant);
    put(
        "shop",
        "invoices",
        row(&[
            ("InvoiceId", number(id)),
            ("CustomerId", number(customer)),
            ("BillingAddress", text(format!("{name}, Example Street"))),
            ("BillingCountry", text("Testland")),
            ("Total", number(5)),
        ]),
    );
    for line in 0..2 {
        put(
            "shop",
            "invoice-lines",
            row(&[("InvoiceId", number(id)), ("InvoiceLineId", number(id * 10 + line))]),
        );
    }
}

/// Everything in the company's stores, to compare.
pub fn everything(world: &World, tenant: &TenantId) -> Vec<testkit::memory::Contents> {
    ["shop", "support", "crm"]
        .iter()
        .map(|store| world.database(tenant, &store.parse().expect("a store")).snapshot())
        .collect()
}

/// Whether a text is anywhere in the company's stores.
pub fn mentions(world: &World, tenant: &TenantId, needle: &str) -> bool {
    ["shop", "support", "crm"]
        .iter()
        .any(|store| world.database(tenant, &store.parse().expect("a store")).mentions(needle))
}
