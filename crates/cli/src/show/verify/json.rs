//! The same for machines.

use audit::pack::{Lack, Pack};
use audit::verify::{Disagreement, Found, Standing};
use audit::{Checkpoint, Problem, Wrong};
use serde_json::{Map, Value, json};

use super::{About, Checked, Checks, Verdict};

impl Checks {
    /// As machines read it.
    pub fn json(&self) -> Value {
        let disagreements = self.disagreements.iter().map(|found| {
            let Disagreement { size, files, signed } = found;
            let names = files.map(|file| self.files.get(file).map_or("", |file| file.name.as_str()));
            json!({ "files": names, "size": size, "signed": signed })
        });
        json!({
            "log": self.log,
            "since": self.since.as_ref().map(checkpoint),
            "files": self.files.iter().map(Checked::json).collect::<Vec<_>>(),
            "disagreements": disagreements.collect::<Vec<_>>(),
        })
    }
}

impl Checked {
    /// The word for what it is worth.
    fn word(&self) -> &'static str {
        self.standing().unwrap_or(Standing::Intact).as_str()
    }

    fn json(&self) -> Value {
        let mut body = Map::new();
        body.insert("file".to_owned(), json!(self.name));
        let (verdict, more) = match &self.verdict {
            Verdict::Intact(found) => (self.word(), whole(found)),
            Verdict::Broken(Problem { seq, field, what }) => (
                "broken",
                json!({ "problem": { "seq": seq, "field": field, "what": what.as_str(), "says": what.to_string() } }),
            ),
            Verdict::Packed(pack) => (self.word(), packed(pack)),
            Verdict::Flawed(flaw) => (
                "broken",
                json!({ "problem": { "in": flaw.file, "what": flaw.what.as_str(), "says": flaw.what.to_string() } }),
            ),
            Verdict::Unknown => ("unknown", json!({})),
            Verdict::Unread(why) => ("unread", json!({ "error": why })),
        };
        body.insert("verdict".to_owned(), json!(verdict));
        if let Value::Object(more) = more {
            body.extend(more);
        }
        if self.is_whole() {
            body.insert("fresh".to_owned(), json!(self.is_fresh()));
        }
        if self.standing() == Some(Standing::Behind) {
            let problem = json!({ "what": Wrong::Behind.as_str(), "says": Wrong::Behind.to_string() });
            body.insert("problem".to_owned(), problem);
        }
        if let Some(about) = self.about {
            body.insert("about".to_owned(), json!(about != About::SomebodyElse));
            if let About::Them { alone } = about {
                body.insert("alone".to_owned(), json!(alone));
            }
        }
        Value::Object(body)
    }
}

/// What it is, where nothing is wrong with it.
fn whole(found: &Found) -> Value {
    match found {
        Found::Export(export) => json!({
            "kind": "export",
            "tenant": export.tenant,
            "first": export.first,
            "last": export.last,
            "signed_to": export.signed_to,
            "checkpoints": export.checkpoints,
            "checkpoint": export.checkpoint.as_ref().map(checkpoint),
        }),
        Found::Checkpoint(found) => json!({ "kind": "checkpoint", "checkpoint": checkpoint(found) }),
        Found::Receipt(proved) => json!({
            "kind": "receipt",
            "seq": proved.seq,
            "checkpoint": checkpoint(&proved.checkpoint),
            "statement": proved.statement,
        }),
        Found::Newer(newer) => json!({
            "kind": "receipt",
            "seq": newer.seq,
            "checkpoint": checkpoint(&newer.checkpoint),
        }),
    }
}

fn packed(pack: &Pack) -> Value {
    let bound = pack.bound.as_ref().map(|bound| {
        json!({ "seq": bound.seq, "at": bound.at, "who": bound.who, "checkpoint": checkpoint(&bound.checkpoint) })
    });
    let log = &pack.metrics.log;
    let missing = pack.receipts.missing.iter().map(|(why, count)| (why.as_str().to_owned(), json!(count)));
    let missing: Map<String, Value> = missing.collect();
    json!({
        "kind": "pack",
        "tenant": pack.manifest.tenant,
        "period": pack.manifest.period,
        "made_at": pack.manifest.made_at,
        "manifest_sha256": pack.id,
        "complete": pack.metrics.complete,
        "lacks": log.lacks(pack.manifest.period).into_iter().map(Lack::as_str).collect::<Vec<_>>(),
        "first": log.first,
        "first_at": log.first_at,
        "last": log.last,
        "last_at": log.last_at,
        "missing": log.missing,
        "receipts": pack.receipts.issued,
        "receipts_missing": missing,
        "on_record": bound,
        "own_verifier": pack.own_verifier,
    })
}

fn checkpoint(found: &Checkpoint) -> Value {
    json!({ "size": found.size, "root": hex::encode(found.root) })
}
