//! Reading a Map state.

use serde_json::{Map as Object, Value};

use super::{Reader, Rule};
use crate::walker::model::{Batcher, Distributed, Map, Port};
use crate::walker::template::Template;

/// The fields that only a Distributed Map has.
///
/// `ToleratedFailure*` is not among them: AWS accepts it on an inline Map too.
const DISTRIBUTED: [&str; 4] = ["ItemReader", "ItemBatcher", "ResultWriter", "Label"];

impl Reader {
    /// Reads a Map; nothing if it has no `ItemProcessor`.
    pub(super) fn map(&mut self, name: &str, fields: &Object<String, Value>) -> Option<Map> {
        let Some(processor) = fields.get("ItemProcessor").and_then(Value::as_object) else {
            self.shape(name, "a Map must have an ItemProcessor");
            return None;
        };
        self.known(name, processor, &["ProcessorConfig", "StartAt", "States", "Comment"]);
        let distributed = self.mode(name, processor);
        for field in DISTRIBUTED.iter().filter(|f| !distributed && fields.contains_key(**f)) {
            let message = format!("{field} is only for a Map whose Mode is DISTRIBUTED");
            self.find(name, Rule::Mode, &message);
        }
        let items = self.template(name, fields, "Items", "Items");
        if items.as_ref().and_then(Template::fixed).is_some_and(|items| !items.is_array()) {
            self.shape(name, "Items must be an array or a JSONata string");
        }
        let percentage = self.number(name, fields, "ToleratedFailurePercentage", 0);
        let count = self.number(name, fields, "ToleratedFailureCount", 0);
        Some(Map {
            tolerant: percentage.is_some() || count.is_some(),
            items,
            selector: self.template(name, fields, "ItemSelector", "ItemSelector"),
            processor: self.scope(name, processor),
            max_concurrency: self.number(name, fields, "MaxConcurrency", 0),
            distributed: distributed.then(|| Distributed {
                reader: self.port(name, fields, "ItemReader"),
                batcher: self.batcher(name, fields),
                writer: self.port(name, fields, "ResultWriter"),
                flatten: fields
                    .get("ResultWriter")
                    .is_some_and(|writer| writer["WriterConfig"]["Transformation"] == "FLATTEN"),
                tolerated_percentage: percentage,
                tolerated_count: count,
            }),
        })
    }

    /// Whether the Map is distributed. AWS takes a missing `ProcessorConfig` for `INLINE`; here
    /// it must be said, because the two modes differ in almost every rule.
    fn mode(&mut self, name: &str, processor: &Object<String, Value>) -> bool {
        let config = processor.get("ProcessorConfig").and_then(Value::as_object);
        let empty = Object::new();
        let config = config.unwrap_or(&empty);
        self.known(name, config, &["Mode", "ExecutionType"]);
        let execution_type = config.get("ExecutionType").and_then(Value::as_str);
        match config.get("Mode").and_then(Value::as_str) {
            Some("INLINE") => {
                if execution_type.is_some() {
                    self.find(name, Rule::Mode, "ExecutionType is only for Mode DISTRIBUTED");
                }
                false
            }
            Some("DISTRIBUTED") => {
                if !matches!(execution_type, Some("STANDARD" | "EXPRESS")) {
                    let message = "Mode DISTRIBUTED needs ExecutionType STANDARD or EXPRESS";
                    self.find(name, Rule::Mode, message);
                }
                true
            }
            _ => {
                let message = "ProcessorConfig.Mode must say INLINE or DISTRIBUTED";
                self.find(name, Rule::Mode, message);
                false
            }
        }
    }

    fn port(&mut self, name: &str, fields: &Object<String, Value>, which: &str) -> Option<Port> {
        let port = fields.get(which)?.as_object()?;
        self.known(name, port, &["Resource", "Arguments", "ReaderConfig", "WriterConfig"]);
        let resource = self.string(name, port, "Resource");
        if resource.is_none() && !(which == "ResultWriter" && port.contains_key("WriterConfig")) {
            self.shape(name, &format!("{which} must say its Resource"));
        }
        let empty = Object::new();
        let config = port.get("ReaderConfig").and_then(Value::as_object).unwrap_or(&empty);
        Some(Port {
            resource: resource?,
            arguments: self.template(name, port, "Arguments", &format!("{which}/Arguments")),
            max_items: self.number(name, config, "MaxItems", 1),
        })
    }

    fn batcher(&mut self, name: &str, fields: &Object<String, Value>) -> Option<Batcher> {
        let batcher = fields.get("ItemBatcher")?.as_object()?;
        self.known(name, batcher, &["BatchInput", "MaxItemsPerBatch", "MaxInputBytesPerBatch"]);
        let read = Batcher {
            input: self.template(name, batcher, "BatchInput", "ItemBatcher/BatchInput"),
            max_items: self.number(name, batcher, "MaxItemsPerBatch", 1),
            max_bytes: self.number(name, batcher, "MaxInputBytesPerBatch", 1),
        };
        if read.max_items.is_none() && read.max_bytes.is_none() {
            self.shape(name, "ItemBatcher must say MaxItemsPerBatch or MaxInputBytesPerBatch");
        }
        Some(read)
    }
}
