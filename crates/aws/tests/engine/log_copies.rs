//! Masked copies of log groups.

use std::sync::Arc;

use async_trait::async_trait;
use aws::SystemClock;
use aws_sdk_cloudwatchlogs::Client;
use ports::Clock;
use testkit::contract_tests::log_copies::{Groups, Inside};

use super::{account, engine, fresh};

struct Logs(Client);

#[async_trait]
impl Inside for Logs {
    async fn make(&self) -> String {
        let copy = format!("/{}/masked", fresh("logs"));
        self.0.create_log_group().log_group_name(&copy).send().await.expect("a group");
        copy
    }

    async fn lines(&self, copy: &str, stream: &str) -> Vec<(i64, String)> {
        let read = self.0.get_log_events().log_group_name(copy).log_stream_name(stream).start_from_head(true);
        let read = read.send().await.expect("lines");
        let text = |line: Option<&str>| line.expect("a text").to_owned();
        read.events().iter().map(|line| (line.timestamp().expect("when"), text(line.message()))).collect()
    }
}

async fn groups() -> Groups {
    let sdk = engine().await;
    let (copies, now) = (account(&sdk, &[]).log_copies(), SystemClock.now().as_millisecond());
    Groups { copies, inside: Arc::new(Logs(Client::new(&sdk))), now }
}

testkit::log_copy_tests!(groups, ignore = "needs an engine");
