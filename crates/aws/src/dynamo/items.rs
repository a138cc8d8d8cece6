//! Items: attributes, and the JSON text in `doc`.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::Request;
use domain::event::{About, Event};
use jiff::Timestamp;
use ports::{Class, Code, Fault, Minute, Overdue};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::keys::{self, Key};

/// An item, or the key of one.
pub(super) type Item = HashMap<String, AttributeValue>;

/// A text.
pub(super) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// A number.
pub(super) fn n(number: &impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// A text attribute, if the item has it.
pub(super) fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// An item under construction.
pub(super) struct NewItem(Item);

impl NewItem {
    pub fn new(key: &Key) -> Self {
        Self(key.attributes())
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: AttributeValue) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    /// Adds the JSON text of `value` as `doc`.
    pub fn doc<T: Serialize>(self, value: &T) -> Result<Self, Fault> {
        // The error of serde_json could quote a value: it is dropped.
        let json = serde_json::to_string(value).map_err(|_| {
            Fault::new(
                Class::Permanent,
                Code::ControlUnavailable,
                "dynamodb:PutItem",
                std::any::type_name::<T>(),
                "unwritable-document",
            )
        })?;
        Ok(self.with("doc", s(json)))
    }

    pub fn build(self) -> Item {
        self.0
    }
}

/// Reads the `doc` of an item of a table.
pub(super) fn decode<T: DeserializeOwned>(table: &str, item: &Item) -> Result<T, Fault> {
    text(item, "doc").and_then(|json| serde_json::from_str(json).ok()).ok_or_else(|| unreadable(table))
}

/// An item is not as this program writes it.
pub(super) fn unreadable(table: &str) -> Fault {
    Fault::new(Class::Permanent, Code::ControlUnavailable, "dynamodb:GetItem", table, "unreadable-item")
}

/// A request, with what its conditions and its indexes need.
pub(super) fn request(request: &Request) -> Result<Item, Fault> {
    let received = s(keys::received(request.received_at, &request.id));
    let item = NewItem::new(&keys::request(&request.tenant, &request.id))
        .doc(request)?
        .with("generation", n(&request.generation))
        .with("events", n(&request.events))
        .with("status", s(request.status.as_str()))
        .with("gsi1pk", s(keys::by_tenant(&request.tenant)))
        .with("gsi1sk", received.clone())
        .with("gsi2pk", s(keys::by_status(&request.tenant, request.status)))
        .with("gsi2sk", received);
    let Some(by) = request.progress_by else {
        return Ok(item.build());
    };
    let sort = keys::progress(by, &request.tenant, &request.id);
    Ok(item
        .with("gsi3pk", s(keys::by_progress(Overdue::of(request), keys::shard(request.id.as_str()))))
        .with("gsi3sk", s(sort))
        .build())
}

/// An event that is committed now, with what the stream's filters and readers need, and in the list of its
/// minute.
pub(super) fn event(event: &Event, now: Timestamp) -> Result<Item, Fault> {
    let (about, id) = match &event.about {
        About::Request(id) => ("request_id", id.as_str()),
        About::Hold(id) => ("hold_id", id.as_str()),
        About::Store(id) => ("store_id", id.as_str()),
        About::Pack(id) => ("pack_id", id.as_str()),
    };
    let key = keys::event(event);
    let item = NewItem::new(&key)
        .doc(event)?
        .with("gsi4pk", s(keys::by_time(Minute::of(now), keys::list_of(&key.pk))))
        .with("gsi4sk", s(keys::in_list(&key.pk, &key.sk)))
        .with("tenant", s(event.tenant.as_str()))
        .with("generation", n(&event.generation))
        .with(about, s(id));
    Ok(match event.wake {
        None => item.build(),
        Some(enter_at) => item.with("relay", s("wake")).with("enter_at", s(enter_at.as_str())).build(),
    })
}
