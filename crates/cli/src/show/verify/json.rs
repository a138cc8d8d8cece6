//! The same for machines.

use audit::pack::{Figures, Lack, Pack};
use audit::verify::{Disagreement, Found, Standing};
use audit::{Checkpoint, Problem, Wrong};
use domain::Period;
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
            Verdict::AnotherVersion(format) => {
                ("another_version", json!({ "format": format!("lacuna/{format}") }))
            }
            Verdict::Unknown(_) => ("unknown", json!({})),
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
    let mut body = json!({
        "kind": "pack",
        "tenant": pack.manifest.tenant,
        "period": pack.manifest.period,
        "made_at": pack.manifest.made_at,
        "manifest_sha256": pack.id,
        "first": pack.export.first,
        "last": pack.export.last,
        "newer": pack.newer,
        "on_record": bound,
        "own_verifier": pack.own_verifier,
    });
    if let (Some(body), Some(figures)) = (body.as_object_mut(), &pack.figures) {
        body.extend(counted(figures, pack.manifest.period));
    }
    body
}

/// What a pack counts.
fn counted(Figures { metrics, receipts }: &Figures, period: Period) -> Map<String, Value> {
    let log = &metrics.log;
    let missing = receipts.missing.iter().map(|(why, count)| (why.as_str().to_owned(), json!(count)));
    let missing: Map<String, Value> = missing.collect();
    let fields = [
        ("complete", json!(metrics.complete)),
        ("lacks", log.lacks(period).into_iter().map(Lack::as_str).collect()),
        ("first_at", json!(log.first_at)),
        ("last_at", json!(log.last_at)),
        ("missing", json!(log.missing)),
        ("receipts", json!(receipts.issued)),
        ("receipts_missing", Value::Object(missing)),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn checkpoint(found: &Checkpoint) -> Value {
    json!({ "size": found.size, "root": hex::encode(found.root) })
}
