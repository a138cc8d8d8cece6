//! The `holds` table. It shares its lock with the `requests` table, so that a hold and a change
//! that is `unless_held` cannot pass each other.

use async_trait::async_trait;
use domain::event::{About, Event};
use domain::hold::Hold;
use domain::{HoldId, Pseudonym, TenantId};
use ports::{Class, Fault, Holds};

use super::World;
use super::control::StoredHold;
use crate::inject::{Point, fault};

#[async_trait]
impl Holds for World {
    async fn place(&self, hold: &Hold, event: &Event) -> Result<(), Fault> {
        let point = Point::HoldsPlace;
        self.injector().pass(point, hold.tenant.as_str(), || {
            check_event(point, hold, event, 1)?;
            let mut control = self.control();
            let key = (hold.tenant.clone(), hold.id.clone());
            if let Some(stored) = control.holds.get(&key) {
                return if stored.events.first() == Some(event) {
                    Ok(())
                } else {
                    Err(refused(point, &hold.id, "the id is another hold's"))
                };
            }
            let stored = StoredHold { hold: hold.clone(), events: vec![event.clone()] };
            control.holds.insert(key, stored);
            control.record(event, self.fake_clock().peek());
            Ok(())
        })
    }

    async fn note_too_late(&self, hold: &Hold) -> Result<(), Fault> {
        let point = Point::HoldsNoteTooLate;
        self.injector().pass(point, hold.tenant.as_str(), || {
            let mut control = self.control();
            let key = (hold.tenant.clone(), hold.id.clone());
            let stored =
                control.holds.get_mut(&key).ok_or_else(|| refused(point, &hold.id, "no such hold"))?;
            add_too_late(&mut stored.hold, hold);
            Ok(())
        })
    }

    /// A repetition with the same event answers `true` again: the first answer was lost.
    async fn release(&self, hold: &Hold, event: &Event) -> Result<bool, Fault> {
        let point = Point::HoldsRelease;
        self.injector().pass(point, hold.tenant.as_str(), || {
            check_event(point, hold, event, 2)?;
            if hold.released_at.is_none() {
                return Err(refused(point, &hold.id, "a release without its time"));
            }
            let mut control = self.control();
            let key = (hold.tenant.clone(), hold.id.clone());
            let stored =
                control.holds.get_mut(&key).ok_or_else(|| refused(point, &hold.id, "no such hold"))?;
            if stored.hold.released_at.is_some() {
                return Ok(stored.events.get(1) == Some(event));
            }
            let mut released = hold.clone();
            add_too_late(&mut released, &stored.hold);
            stored.hold = released;
            stored.events.push(event.clone());
            control.record(event, self.fake_clock().peek());
            Ok(true)
        })
    }

    async fn get(&self, tenant: &TenantId, id: &HoldId) -> Result<Option<Hold>, Fault> {
        self.injector().pass(Point::HoldsGet, tenant.as_str(), || {
            let control = self.control();
            let stored = control.holds.get(&(tenant.clone(), id.clone()));
            Ok(stored.map(|s| s.hold.clone()))
        })
    }

    async fn standing(&self, tenant: &TenantId, subjects: &[Pseudonym]) -> Result<Vec<Hold>, Fault> {
        self.injector().pass(Point::HoldsStanding, tenant.as_str(), || {
            Ok(self.control().standing(tenant, subjects).cloned().collect())
        })
    }

    async fn list(
        &self,
        tenant: &TenantId,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Hold>, Option<String>), Fault> {
        self.injector().pass(Point::HoldsList, tenant.as_str(), || {
            let control = self.control();
            let newest = control.holds.values().rev().map(|s| &s.hold);
            let limit = limit.max(1);
            let mut page: Vec<Hold> = newest
                .filter(|h| h.tenant == *tenant)
                .filter(|h| cursor.is_none_or(|cursor| h.id.as_str() < cursor))
                .take(limit + 1)
                .cloned()
                .collect();
            let more = page.len() > limit;
            page.truncate(limit);
            let next = page.last().filter(|_| more).map(|h| h.id.to_string());
            Ok((page, next))
        })
    }
}

fn check_event(point: Point, hold: &Hold, event: &Event, n: u32) -> Result<(), Fault> {
    let own = event.tenant == hold.tenant && event.about == About::Hold(hold.id.clone());
    if own && event.n == n { Ok(()) } else { Err(refused(point, &hold.id, "the event is not its next one")) }
}

/// Adds the stores that another writer noted: none is forgotten.
fn add_too_late(hold: &mut Hold, other: &Hold) {
    for store in &other.too_late_for {
        if !hold.too_late_for.contains(store) {
            hold.too_late_for.push(store.clone());
        }
    }
}

fn refused(point: Point, id: &HoldId, detail: &str) -> Fault {
    fault(point, Class::Permanent, id.as_str(), detail)
}
