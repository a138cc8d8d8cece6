//! Every field of a state that may hold expressions, and what those may read there.

use super::model::{Distributed, Kind, Map, State, Until};
use super::template::Template;

/// What `$states` has besides `input` and the common part of `context`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sees {
    /// Nothing more.
    Input,
    /// `context.Task.Token`.
    Token,
    /// `context.Map.Item`.
    Item,
    /// `result`.
    Result,
    /// `errorOutput`.
    Error,
}

/// A field of a state.
pub(super) struct Field<'s> {
    /// Its place in the state: `Catch[0]/Output`.
    pub(super) place: String,
    pub(super) template: &'s Template,
    pub(super) sees: Sees,
}

#[derive(Default)]
struct Fields<'s>(Vec<Field<'s>>);

impl<'s> Fields<'s> {
    fn add(&mut self, place: &str, template: Option<&'s Template>, sees: Sees) {
        let field = |template| Field { place: place.to_owned(), template, sees };
        self.0.extend(template.map(field));
    }

    fn map(&mut self, map: &'s Map) {
        self.add("Items", map.items.as_ref(), Sees::Input);
        self.add("ItemSelector", map.selector.as_ref(), Sees::Item);
        self.add("MaxConcurrency", map.max_concurrency.as_ref(), Sees::Input);
        if let Some(distributed) = &map.distributed {
            self.distributed(distributed);
        }
    }

    fn distributed(&mut self, map: &'s Distributed) {
        let percentage = map.tolerated_percentage.as_ref();
        self.add("ToleratedFailurePercentage", percentage, Sees::Input);
        self.add("ToleratedFailureCount", map.tolerated_count.as_ref(), Sees::Input);
        for (name, port) in [("ItemReader", &map.reader), ("ResultWriter", &map.writer)] {
            let Some(port) = port else { continue };
            self.add(&format!("{name}/Arguments"), port.arguments.as_ref(), Sees::Input);
            self.add(&format!("{name}/MaxItems"), port.max_items.as_ref(), Sees::Input);
        }
        if let Some(batcher) = &map.batcher {
            self.add("ItemBatcher/BatchInput", batcher.input.as_ref(), Sees::Input);
            self.add("ItemBatcher/MaxItemsPerBatch", batcher.max_items.as_ref(), Sees::Input);
            self.add("ItemBatcher/MaxInputBytesPerBatch", batcher.max_bytes.as_ref(), Sees::Input);
        }
    }
}

impl State {
    /// Its fields that may hold expressions, those of the scopes inside it left out.
    pub(super) fn fields(&self) -> Vec<Field<'_>> {
        let mut fields = Fields::default();
        let mut outcome = Sees::Input;
        match &self.kind {
            Kind::Pass | Kind::Succeed => {}
            Kind::Task(task) => {
                outcome = Sees::Result;
                let sees = if task.waits_for_token() { Sees::Token } else { Sees::Input };
                fields.add("Arguments", task.arguments.as_ref(), sees);
                fields.add("TimeoutSeconds", task.timeout.as_ref(), Sees::Input);
                fields.add("HeartbeatSeconds", task.heartbeat.as_ref(), Sees::Input);
            }
            Kind::Choice { rules, .. } => {
                for (i, rule) in rules.iter().enumerate() {
                    let place = |name| format!("Choices[{i}]/{name}");
                    fields.add(&place("Condition"), Some(&rule.condition), Sees::Input);
                    fields.add(&place("Assign"), rule.assign.as_ref(), Sees::Input);
                    fields.add(&place("Output"), rule.output.as_ref(), Sees::Input);
                }
            }
            Kind::Wait(Until::Seconds(seconds)) => {
                fields.add("Seconds", Some(seconds), Sees::Input);
            }
            Kind::Wait(Until::Timestamp(at)) => fields.add("Timestamp", Some(at), Sees::Input),
            Kind::Fail { error, cause } => {
                fields.add("Error", error.as_ref(), Sees::Input);
                fields.add("Cause", cause.as_ref(), Sees::Input);
            }
            Kind::Parallel { arguments, .. } => {
                outcome = Sees::Result;
                fields.add("Arguments", arguments.as_ref(), Sees::Input);
            }
            Kind::Map(map) => {
                outcome = Sees::Result;
                fields.map(map);
            }
        }
        fields.add("Assign", self.assign.as_ref(), outcome);
        fields.add("Output", self.output.as_ref(), outcome);
        for (i, catcher) in self.catch.iter().enumerate() {
            fields.add(&format!("Catch[{i}]/Assign"), catcher.assign.as_ref(), Sees::Error);
            fields.add(&format!("Catch[{i}]/Output"), catcher.output.as_ref(), Sees::Error);
        }
        fields.0
    }
}
