//! Holds, as the front door places and releases them.

use super::*;

impl Stage {
    /// Places a legal hold on a person, to be looked at in 90 days.
    pub fn place_hold(&self, subject: &Pseudonym) -> Hold {
        let now = self.world.clock().now();
        let hold = Hold {
            tenant: self.tenant.clone(),
            id: HoldId::new(now, 5),
            subject: subject.clone(),
            identity_type: "email".into(),
            reason: "litigation".into(),
            review_at: now.checked_add(SignedDuration::from_hours(90 * 24)).expect("in time"),
            placed_at: now,
            placed_by: "officer:test".into(),
            released_at: None,
            too_late_for: vec![],
        };
        at_once(self.world.holds().place(&hold, &hold_event(&hold, 1, true))).expect("placed");
        hold
    }

    /// Releases it, and wakes the request, as the front door does.
    pub async fn release_hold(&self, hold: &Hold, id: &RequestId) {
        let released = Hold { released_at: Some(self.world.clock().now()), ..hold.clone() };
        let event = hold_event(&released, 2, false);
        self.world.holds().release(&released, &event).await.expect("released");
        self.resume(id).await;
    }
}

/// The event of a hold.
fn hold_event(hold: &Hold, n: u32, placed: bool) -> Event {
    Event {
        tenant: hold.tenant.clone(),
        about: About::Hold(hold.id.clone()),
        n,
        at: hold.placed_at,
        kind: if placed { EventKind::HoldPlaced } else { EventKind::HoldReleased },
        who: hold.placed_by.clone(),
        generation: Generation::FIRST,
        status: None,
        store: None,
        tally: None,
        why: Some(hold.reason.clone()),
        detail: [].into(),
        wake: None,
    }
}
