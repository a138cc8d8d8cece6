//! Evidence packs, as far as they are on record.

use async_trait::async_trait;
use domain::event::{About, Event};
use ports::{Class, Code, Fault, Packs};

use super::World;
use crate::inject::Point;

#[async_trait]
impl Packs for World {
    async fn note(&self, event: &Event) -> Result<Event, Fault> {
        self.injector().pass(Point::PacksNote, event.tenant.as_str(), || {
            if !matches!(event.about, About::Pack(_)) || event.n != 1 {
                let detail = "not the first event of a pack";
                return Err(Fault::new(
                    Class::Permanent,
                    Code::ControlUnavailable,
                    "packs.note",
                    "requests",
                    detail,
                ));
            }
            let mut control = self.control();
            if let Some(there) = control.noted(event) {
                return Ok(there);
            }
            control.record(event, self.fake_clock().peek());
            Ok(event.clone())
        })
    }
}
