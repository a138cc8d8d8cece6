//! What a reading has asked a store so far, for the receipt.
//!
//! The step that reads keeps it, sealed, with how far it has come, and with its task once it is done; it cannot open the
//! receipt's key. Closing the request keys the digests.

use audit::queries::{Chain, MOST_QUERIES, QueryStatement};
use domain::Identity;
use domain::plan::{Lookup, Record, Value};
use serde::{Deserialize, Serialize};

/// What was asked, in the order of asking. It is the same however the calls that asked were cut.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// The questions, [`MOST_QUERIES`] at the most.
    questions: Vec<Question>,
    /// How many more there were.
    unlisted: u64,
    /// What is being asked.
    under_way: Option<Question>,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Question {
    kind: Kind,
    collection: String,
    /// With how many values, records or identities.
    n: u64,
    chain: Chain,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Search { field: String },
    Records,
    Keys,
}

impl Asked {
    /// Some of a lookup's values were asked for, from the first page of the answer to the last.
    pub fn search(&mut self, lookup: &Lookup, values: &[Value]) {
        let (collection, field) = (&lookup.collection, &lookup.field);
        if values.is_empty() {
            return;
        }
        let question = self.under_way.get_or_insert_with(|| Question {
            kind: Kind::Search { field: field.clone() },
            collection: collection.clone(),
            n: 0,
            chain: Chain::of_search(collection, field),
        });
        question.n += values.len() as u64;
        for value in values {
            question.chain.add(value.expose());
        }
    }

    /// The keys of these persons were looked for.
    pub fn keys(&mut self, lookup: &Lookup, people: &[Identity]) {
        self.end();
        let mut chain = Chain::of_keys(&lookup.collection);
        for identity in people {
            chain.add(identity.kind.as_str());
            chain.add(identity.value.expose());
        }
        let (collection, n) = (lookup.collection.clone(), people.len() as u64);
        self.under_way = Some(Question { kind: Kind::Keys, collection, n, chain });
        self.end();
    }

    /// Records were read again by their keys. Those of a collection that follow each other are one question.
    pub fn records(&mut self, collection: &str, records: &[Record]) {
        if records.is_empty() {
            return;
        }
        if self.under_way.as_ref().is_some_and(|q| q.kind != Kind::Records || q.collection != collection) {
            self.end();
        }
        let question = self.under_way.get_or_insert_with(|| Question {
            kind: Kind::Records,
            collection: collection.to_owned(),
            n: 0,
            chain: Chain::of_records(collection),
        });
        question.n += records.len() as u64;
        for (name, value) in records.iter().flat_map(|record| &record.key) {
            question.chain.add(name);
            question.chain.add(value.expose());
        }
    }

    /// What comes next is another question.
    pub fn end(&mut self) {
        let Some(question) = self.under_way.take() else { return };
        if self.questions.len() < MOST_QUERIES {
            self.questions.push(question);
        } else {
            self.unlisted += 1;
        }
    }

    /// As a receipt says it, in so many bytes at the most; and how many questions are not in that.
    pub fn statements(&self, salt: &[u8; 32], most_bytes: usize) -> (Vec<QueryStatement>, u64) {
        let mut left = most_bytes;
        let listed = self.questions.iter().map(|question| question.statement(salt));
        let listed: Vec<_> = listed
            .take_while(|statement| {
                let bytes = serde_json::to_vec(statement).map_or(usize::MAX, |json| json.len() + 1);
                let fits = bytes <= left;
                left = left.saturating_sub(bytes);
                fits
            })
            .collect();
        let unlisted = self.unlisted + (self.questions.len() - listed.len()) as u64;
        (listed, unlisted)
    }
}

impl Question {
    fn statement(&self, salt: &[u8; 32]) -> QueryStatement {
        let (collection, digest, n) = (self.collection.clone(), self.chain.digest(salt), self.n);
        match &self.kind {
            Kind::Search { field } => {
                QueryStatement::Search { collection, digest, field: field.clone(), values: n }
            }
            Kind::Records => QueryStatement::Records { collection, digest, records: n },
            Kind::Keys => QueryStatement::Keys { collection, digest, keys: n },
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::Personal;
    use domain::plan::Source;

    use super::*;

    const SALT: [u8; 32] = [7; 32];

    fn lookup(field: &str) -> Lookup {
        Lookup {
            collection: "customers".to_owned(),
            field: field.to_owned(),
            source: Source::Identities(vec![]),
        }
    }

    fn values(n: usize) -> Vec<Value> {
        (0..n).map(|n| Value::Text(Personal::new(format!("value-{n}")))).collect()
    }

    fn records(n: usize) -> Vec<Record> {
        let record = |value: Value| Record {
            key: [("id".to_owned(), value.clone())].into(),
            via: "id".to_owned(),
            via_value: value,
            values: [].into(),
        };
        values(n).into_iter().map(record).collect()
    }

    #[test]
    fn it_does_not_matter_how_the_asking_is_cut() {
        let told = |size: usize| {
            let mut asked = Asked::default();
            for chunk in values(7).chunks(size) {
                asked.search(&lookup("Email"), chunk);
                // Between two calls it is written down and read.
                let kept = serde_json::to_vec(&asked).expect("JSON");
                asked = serde_json::from_slice(&kept).expect("the same");
            }
            asked.end();
            for chunk in records(7).chunks(size) {
                asked.records("customers", chunk);
            }
            asked.end();
            asked.statements(&SALT, usize::MAX)
        };
        let (listed, unlisted) = told(7);
        assert_eq!((listed.len(), unlisted), (2, 0));
        assert_eq!(listed.iter().map(QueryStatement::asked_for).collect::<Vec<_>>(), [7, 7]);
        for size in 1..7 {
            assert_eq!(told(size), (listed.clone(), 0), "{size} at once");
        }
    }

    #[test]
    fn each_lookup_is_a_question_of_its_own_and_what_was_not_asked_is_none() {
        let mut asked = Asked::default();
        asked.search(&lookup("Email"), &values(1));
        asked.end();
        asked.search(&lookup("Email"), &values(2));
        asked.end();
        asked.search(&lookup("Phone"), &[]);
        asked.end();
        asked.records("customers", &[]);
        asked.records("customers", &records(1));
        asked.records("contacts", &records(1));
        asked.end();
        let (listed, _) = asked.statements(&SALT, usize::MAX);
        assert_eq!(listed.iter().map(QueryStatement::asked_for).collect::<Vec<_>>(), [1, 2, 1, 1]);
    }

    #[test]
    fn what_is_too_much_is_counted() {
        let mut asked = Asked::default();
        for _ in 0..MOST_QUERIES + 3 {
            asked.search(&lookup("Email"), &values(1));
            asked.end();
        }
        let (listed, unlisted) = asked.statements(&SALT, usize::MAX);
        assert_eq!((listed.len(), unlisted), (MOST_QUERIES, 3));
        let one = serde_json::to_vec(&listed[0]).expect("JSON").len() + 1;
        let (listed, unlisted) = asked.statements(&SALT, 2 * one + 1);
        assert_eq!((listed.len(), unlisted), (2, MOST_QUERIES as u64 + 1));
        assert_eq!(asked.statements(&SALT, 0).0, []);
    }

    /// What anybody could guess the values from is nowhere but where it is sealed.
    #[test]
    fn it_is_not_printed() {
        let mut asked = Asked::default();
        asked.search(&lookup("Email"), &values(1));
        assert!(!format!("{asked:?}").contains(&String::from(Chain::of_search("customers", "Email"))));
        assert!(format!("{asked:?}").contains("Chain(..)"));
    }
}
