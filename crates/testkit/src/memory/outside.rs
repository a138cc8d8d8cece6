//! Sanction sources that answer as scripted, and an announcer that writes down.

use std::collections::{BTreeMap, VecDeque};

use async_trait::async_trait;
use contract::outcome::Announcement;
use contract::page::Page;
use contract::sanction::Question;
use contract::settings::{SanctionSource, Settings};
use domain::hold::Verdict;
use jiff::Timestamp;
use ports::{Announcer, Fault, Pager, Sanctions};

use super::{World, lock};
use crate::inject::Point;

/// A question that a source was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The source.
    pub source: String,
    /// The question.
    pub question: Question,
    /// When.
    pub at: Timestamp,
}

/// How something was announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    /// By HTTP.
    Webhook,
    /// On the topic.
    Topic,
}

/// An announcement that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    /// How.
    pub channel: Channel,
    /// What.
    pub announcement: Announcement,
    /// When.
    pub at: Timestamp,
}

/// Scripts and records.
#[derive(Default)]
pub(super) struct Outside {
    answers: BTreeMap<String, VecDeque<Result<Verdict, Fault>>>,
    standing: BTreeMap<String, Result<Verdict, Fault>>,
    asked: Vec<Asked>,
    failures: BTreeMap<Channel, VecDeque<Fault>>,
    announced: Vec<Announced>,
    paged: Vec<Page>,
}

#[async_trait]
impl Sanctions for World {
    async fn ask(
        &self,
        _settings: &Settings,
        source: &SanctionSource,
        question: &Question,
    ) -> Result<Verdict, Fault> {
        let at = self.fake_clock().peek();
        self.injector().pass(Point::SanctionsAsk, &source.id, || {
            let mut outside = lock(&self.inner.outside);
            outside.asked.push(Asked { source: source.id.clone(), question: question.clone(), at });
            let scripted = outside.answers.get_mut(&source.id).and_then(VecDeque::pop_front);
            scripted.or_else(|| outside.standing.get(&source.id).cloned()).unwrap_or(Ok(Verdict::Clear))
        })
    }
}

#[async_trait]
impl Announcer for World {
    async fn webhook(
        &self,
        settings: &Settings,
        announcement: &Announcement,
        at: Timestamp,
    ) -> Result<(), Fault> {
        let target = announcement.tenant.as_str();
        self.injector().pass(Point::AnnouncerWebhook, target, || {
            if settings.webhook.is_none() {
                return Ok(());
            }
            self.announce(Channel::Webhook, announcement, at)
        })
    }

    async fn topic(&self, announcement: &Announcement) -> Result<(), Fault> {
        let at = self.fake_clock().peek();
        let target = announcement.tenant.as_str();
        self.injector()
            .pass(Point::AnnouncerTopic, target, || self.announce(Channel::Topic, announcement, at))
    }
}

#[async_trait]
impl Pager for World {
    async fn page(&self, page: &Page) -> Result<(), Fault> {
        self.injector().pass(Point::PagerPage, page.store.as_str(), || {
            lock(&self.inner.outside).paged.push(page.clone());
            Ok(())
        })
    }
}

impl World {
    /// Who was paged, in that order.
    pub fn paged(&self) -> Vec<Page> {
        lock(&self.inner.outside).paged.clone()
    }

    /// A source's next answer, after those that were scripted before; without a script it is
    /// `clear`.
    pub fn answer_next(&self, source: &str, answer: Result<Verdict, Fault>) {
        let mut outside = lock(&self.inner.outside);
        let answers = outside.answers.entry(source.to_owned()).or_default();
        answers.push_back(answer);
    }

    /// A source's answer whenever nothing is scripted.
    pub fn answer_always(&self, source: &str, answer: Result<Verdict, Fault>) {
        let mut outside = lock(&self.inner.outside);
        outside.standing.insert(source.to_owned(), answer);
    }

    /// What the sources were asked, in that order.
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.inner.outside).asked.clone()
    }

    /// The next announcement on a channel fails so, after the failures scripted before.
    pub fn fail_announcement(&self, channel: Channel, fault: Fault) {
        let mut outside = lock(&self.inner.outside);
        outside.failures.entry(channel).or_default().push_back(fault);
    }

    /// What was announced, in that order.
    pub fn announced(&self) -> Vec<Announced> {
        lock(&self.inner.outside).announced.clone()
    }

    fn announce(&self, channel: Channel, announcement: &Announcement, at: Timestamp) -> Result<(), Fault> {
        let mut outside = lock(&self.inner.outside);
        let failures = outside.failures.get_mut(&channel);
        if let Some(fault) = failures.and_then(VecDeque::pop_front) {
            return Err(fault);
        }
        outside.announced.push(Announced { channel, announcement: announcement.clone(), at });
        Ok(())
    }
}
