//! From the stream of the requests table to the intake queue.

use contract::step::{Run, Start};
use domain::event::{About, Event};
use ports::{Budget, Class, Code, Fault, Intake};

use crate::serve::StreamRecord;

/// Puts the start that each event calls for on the queue, in their order, up to the first that
/// cannot be put. A start that is put twice is started once, by its name.
pub async fn relay(
    intake: &dyn Intake,
    records: Vec<StreamRecord>,
    budget: &dyn Budget,
) -> Vec<(StreamRecord, Fault)> {
    for record in records {
        let relayed = if budget.is_spent() {
            Err(fault(Class::Transient, &record, "out-of-time"))
        } else {
            one(intake, &record).await
        };
        if let Err(fault) = relayed {
            return vec![(record, fault)];
        }
    }
    Vec::new()
}

async fn one(intake: &dyn Intake, record: &StreamRecord) -> Result<(), Fault> {
    let event: Event = record.doc().ok_or_else(|| fault(Class::Permanent, record, "not-an-event"))?;
    match start_of(event) {
        Some(start) => intake.send(&start).await,
        None => Ok(()),
    }
}

fn fault(class: Class, record: &StreamRecord, detail: &str) -> Fault {
    Fault::new(class, Code::ControlUnavailable, "relay", &record.sequence, detail)
}

/// The start that an event calls for.
fn start_of(event: Event) -> Option<Start> {
    let About::Request(request_id) = event.about else {
        return None;
    };
    Some(Start {
        run: Run { tenant: event.tenant, request_id, generation: event.generation },
        enter_at: event.wake?,
    })
}
