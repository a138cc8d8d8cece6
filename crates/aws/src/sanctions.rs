//! Sanction sources over HTTP.

use async_trait::async_trait;
use contract::sanction::{AnswerError, Question, read};
use contract::settings::{SanctionSource, Settings};
use domain::hold::Verdict;
use ports::{Class, Code, Fault, Sanctions};

use crate::http::{Answer, Call, CallError, Guard};

/// Sanction sources, asked through the guard.
#[derive(Debug, Clone)]
pub struct HttpSanctions {
    guard: Guard,
}

impl HttpSanctions {
    /// Asks through this guard.
    pub fn new(guard: Guard) -> Self {
        Self { guard }
    }
}

const OPERATION: &str = "POST";

/// A source that gave no answer. What its URL says is the tenant's to mend.
fn unanswered(source: &str, error: CallError) -> Fault {
    let (class, code) = match error {
        CallError::Refused(_) => (Class::Permanent, Code::SettingsInvalid),
        CallError::TooLarge => (Class::Permanent, Code::SanctionUnreadable),
        CallError::Unresolved
        | CallError::Unreachable
        | CallError::TimedOut
        | CallError::Broken
        | CallError::Unusable => (Class::Transient, Code::SanctionUnavailable),
    };
    Fault::new(class, code, OPERATION, source, error.as_str())
}

/// Reads an answer: only a 200 with a verdict is one.
fn verdict(source: &str, answer: &Answer) -> Result<Verdict, Fault> {
    let fault = |class, code, detail: &str| Fault::new(class, code, OPERATION, source, detail);
    match answer.status {
        200 => read(source, &answer.body).map_err(|error| {
            let detail = match error {
                AnswerError::Form => "not-a-verdict",
                AnswerError::Reason => "not-a-reason-code",
                AnswerError::Nothing => "retains-nothing",
            };
            fault(Class::Permanent, Code::SanctionUnreadable, detail)
        }),
        429 => Err(fault(Class::Throttled, Code::SanctionUnavailable, "status 429")),
        status => {
            let (class, code) = if status >= 500 || status == 408 {
                (Class::Transient, Code::SanctionUnavailable)
            } else {
                (Class::Permanent, Code::SanctionUnreadable)
            };
            Err(fault(class, code, &format!("status {status}")))
        }
    }
}

#[async_trait]
impl Sanctions for HttpSanctions {
    async fn ask(
        &self,
        settings: &Settings,
        source: &SanctionSource,
        question: &Question,
    ) -> Result<Verdict, Fault> {
        let body = serde_json::to_vec(question).map_err(|_| {
            Fault::new(Class::Permanent, Code::SanctionUnavailable, OPERATION, &source.id, "not-built")
        })?;
        let call = Call::post(&source.url, &settings.allowed_hosts, body);
        let answer = self.guard.call(call).await;
        verdict(&source.id, &answer.map_err(|error| unanswered(&source.id, error))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Rule;
    use crate::testing::{listen, ok};

    fn check(status: u16, body: &str, expect: &Result<Verdict, (Class, Code)>) {
        let answer = Answer { status, body: body.into() };
        let got = verdict("legal", &answer).map_err(|fault| (fault.class, fault.code));
        assert_eq!(&got, expect, "{status} {body}");
    }

    #[test]
    fn only_a_verdict_is_a_verdict() {
        use Class::{Permanent, Throttled, Transient};
        use Code::{SanctionUnavailable, SanctionUnreadable};
        let clear = r#"{"verdict":"clear"}"#;
        check(200, clear, &Ok(Verdict::Clear));
        check(200, "", &Err((Permanent, SanctionUnreadable)));
        check(200, r#"{"verdict":"maybe"}"#, &Err((Permanent, SanctionUnreadable)));
        // A body that says clear does not make another status say it.
        for status in [201, 204, 301, 302, 400, 401, 403, 404] {
            check(status, clear, &Err((Permanent, SanctionUnreadable)));
        }
        check(429, clear, &Err((Throttled, SanctionUnavailable)));
        for status in [408, 500, 502, 503, 504] {
            check(status, clear, &Err((Transient, SanctionUnavailable)));
        }
    }

    fn settings(url: &str) -> (Settings, SanctionSource) {
        let settings = Settings {
            tenant: "demo".parse().expect("a tenant"),
            name: "Demo".into(),
            cooling_off_for: "PT5S".into(),
            recheck_after: None,
            receipt_salt_for: None,
            catalog_version: None,
            webhook: None,
            topic: false,
            sanctions: vec![],
            allowed_hosts: vec!["127.0.0.1".into()],
            rotate_keys_every: [].into(),
            exports: contract::settings::ExportSettings::default(),
            masking: None,
        };
        let source = SanctionSource { id: "legal".into(), url: url.into(), stores: vec![] };
        (settings, source)
    }

    fn question() -> Question {
        let email = domain::Personal::new("a@example.com");
        let kind = "email".parse().expect("a type");
        Question {
            tenant: "demo".parse().expect("a tenant"),
            request_id: "req_01arz3ndektsv4rrffq69g5fav".parse().expect("an id"),
            kind: domain::request::RequestType::Erasure,
            jurisdiction: domain::clock::Jurisdiction::Eu,
            identities: vec![domain::Identity::new(kind, &email).expect("an identity")],
            store: Some("shop".parse().expect("a store")),
        }
    }

    #[tokio::test]
    async fn a_source_is_asked_about_the_person_and_the_store() {
        let (port, server) = listen(ok(r#"{"verdict":"clear"}"#), false).await;
        let (settings, source) = settings(&format!("http://127.0.0.1:{port}/ask"));
        let sanctions = HttpSanctions::new(Guard::new(true));
        let got = sanctions.ask(&settings, &source, &question()).await;
        assert_eq!(got, Ok(Verdict::Clear));
        let asked = server.asked.lock().expect("a lock").join("");
        let (head, body) = asked.split_once("\r\n\r\n").expect("a body");
        assert!(head.starts_with("POST /ask HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("content-type: application/json"), "{head}");
        assert_eq!(
            body,
            serde_json::to_string(&question()).expect("JSON"),
            "the question as the contract writes it"
        );
    }

    #[tokio::test]
    async fn a_source_that_is_on_another_host_is_not_asked() {
        let (port, server) = listen(ok(r#"{"verdict":"clear"}"#), false).await;
        let (mut settings, source) = settings(&format!("http://127.0.0.1:{port}/ask"));
        for (allow_loopback, allowed) in [(true, "legal.example.com"), (false, "127.0.0.1")] {
            settings.allowed_hosts = vec![allowed.into()];
            let sanctions = HttpSanctions::new(Guard::new(allow_loopback));
            let fault = sanctions.ask(&settings, &source, &question()).await;
            let fault = fault.expect_err("refused");
            assert_eq!((fault.class, fault.code), (Class::Permanent, Code::SettingsInvalid));
        }
        assert!(server.asked.lock().expect("a lock").is_empty());
    }

    #[test]
    fn no_answer_is_a_fault_by_what_must_be_done() {
        let class = |error| {
            let fault = unanswered("legal", error);
            (fault.class, fault.code, fault.detail)
        };
        assert_eq!(
            class(CallError::TimedOut),
            (Class::Transient, Code::SanctionUnavailable, "timed-out".into())
        );
        assert_eq!(
            class(CallError::Refused(Rule::Address)),
            (Class::Permanent, Code::SettingsInvalid, "address-not-public".into())
        );
        assert_eq!(
            class(CallError::TooLarge),
            (Class::Permanent, Code::SanctionUnreadable, "answer-too-large".into())
        );
    }
}
