//! Letters to persons.

use async_trait::async_trait;
use ports::{Fault, Letter, Mailer};

use super::{World, lock};
use crate::inject::Point;

#[async_trait]
impl Mailer for World {
    async fn send(&self, letter: &Letter) -> Result<(), Fault> {
        self.injector().pass(Point::MailerSend, &letter.template, || {
            lock(&self.inner.letters).push(letter.clone());
            Ok(())
        })
    }
}

impl World {
    /// The letters that were handed over, in order.
    pub fn letters(&self) -> Vec<Letter> {
        lock(&self.inner.letters).clone()
    }
}
