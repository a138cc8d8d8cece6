//! The events of the `requests` and `holds` tables: their stream, their lists, and letters about them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::event::{About, Event};
use ports::{DeadLetter, DeadLetters, Delivered, EVENT_LISTS, EventKey, EventLists, Fault, Minute};

use super::{World, lock};
use crate::inject::Point;

/// Where an event stands.
pub(super) fn key(event: &Event) -> EventKey {
    let tenant = &event.tenant;
    let pk = match &event.about {
        About::Request(id) => format!("T#{tenant}#R#{id}"),
        About::Hold(id) => format!("T#{tenant}#H#{id}"),
        About::Store(id) => format!("T#{tenant}#STORE#{id}"),
        About::Pack(id) => format!("T#{tenant}#PACK#{id}"),
    };
    EventKey { pk, sk: format!("EVENT#{:08}", event.n) }
}

/// Which list of a minute an event is in.
fn list_of(key: &EventKey) -> u32 {
    key.pk.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % EVENT_LISTS
}

/// The events by the minute of their commit, and how often each was re-driven.
#[derive(Default)]
pub(super) struct Lists {
    events: BTreeMap<(Minute, u32), BTreeMap<EventKey, (Event, u32)>>,
    swept_to: Option<Minute>,
}

impl Lists {
    pub(super) fn add(&mut self, event: &Event, minute: Minute) {
        let key = key(event);
        self.events.entry((minute, list_of(&key))).or_default().insert(key, (event.clone(), 0));
    }

    /// Moves an event to another minute; the event, and how often that was done.
    fn take(&mut self, key: &EventKey, from: Minute, to: Minute) -> Option<(Event, u32)> {
        let list = list_of(key);
        let (event, times) = self.events.get_mut(&(from, list))?.remove(key)?;
        let moved = (event, times + 1);
        self.events.entry((to, list)).or_default().insert(key.clone(), moved.clone());
        Some(moved)
    }
}

#[async_trait]
impl EventLists for World {
    async fn listed(
        &self,
        minute: Minute,
        list: u32,
        after: Option<&EventKey>,
        limit: usize,
    ) -> Result<Vec<EventKey>, Fault> {
        self.injector().pass(Point::EventListsListed, "all", || {
            let control = self.control();
            let events = control.lists.events.get(&(minute, list)).into_iter().flat_map(BTreeMap::keys);
            let later = |key: &&EventKey| after.is_none_or(|after| *key > after);
            Ok(events.filter(later).take(limit).cloned().collect())
        })
    }

    async fn redrive(&self, key: &EventKey, from: Minute, to: Minute) -> Result<Option<u32>, Fault> {
        self.injector().pass(Point::EventListsRedrive, "all", || {
            let mut control = self.control();
            let Some((event, times)) = control.lists.take(key, from, to) else { return Ok(None) };
            let delivered = control.delivery(&event, times);
            control.stream.push_back(delivered);
            Ok(Some(times))
        })
    }

    async fn swept_to(&self) -> Result<Option<Minute>, Fault> {
        self.injector().pass(Point::EventListsSweptTo, "all", || Ok(self.control().lists.swept_to))
    }

    async fn keep_swept_to(&self, minute: Minute) -> Result<(), Fault> {
        self.injector().pass(Point::EventListsKeepSweptTo, "all", || {
            let lists = &mut self.control().lists;
            lists.swept_to = lists.swept_to.max(Some(minute));
            Ok(())
        })
    }
}

#[async_trait]
impl DeadLetters for World {
    async fn put(&self, letter: &DeadLetter) -> Result<(), Fault> {
        self.injector().pass(Point::DeadLettersPut, "all", || {
            lock(&self.inner.dead_letters).push(letter.clone());
            Ok(())
        })
    }
}

impl World {
    /// Everything that was ever put into the audit's dead-letter queue.
    pub fn audit_dead_letters(&self) -> Vec<DeadLetter> {
        lock(&self.inner.dead_letters).clone()
    }
}

/// The events of the `requests` and `holds` tables, in the order of their commits, and those that were
/// re-driven. What is taken is gone from the stream, as from a queue that the consumer has read;
/// [`Stream::redeliver`] and [`Stream::put_back`] put it back.
#[derive(Debug, Clone)]
pub struct Stream {
    pub(super) world: World,
}

impl Stream {
    /// Takes at most so many events, the oldest first, as they are delivered.
    pub fn deliver(&self, limit: usize) -> Vec<Delivered> {
        let mut control = self.world.control();
        let count = limit.min(control.stream.len());
        control.stream.drain(..count).collect()
    }

    /// Puts deliveries at the front again, as a stream does whose consumer failed.
    pub fn put_back(&self, batch: Vec<Delivered>) {
        let mut control = self.world.control();
        for delivered in batch.into_iter().rev() {
            control.stream.push_front(delivered);
        }
    }

    /// Takes at most so many events, the oldest first.
    pub fn take(&self, limit: usize) -> Vec<Event> {
        self.deliver(limit).into_iter().filter_map(|delivered| delivered.event).collect()
    }

    /// Takes all events.
    pub fn drain(&self) -> Vec<Event> {
        self.take(usize::MAX)
    }

    /// Puts events at the front again.
    pub fn redeliver(&self, events: Vec<Event>) {
        let batch = events.into_iter().map(|event| self.world.control().delivery(&event, 0));
        self.put_back(batch.collect());
    }

    /// Whether nothing is left in it.
    pub fn is_empty(&self) -> bool {
        self.world.control().stream.is_empty()
    }

    /// Every event that was ever committed, taken or not.
    pub fn history(&self) -> Vec<Event> {
        self.world.control().history.clone()
    }
}
