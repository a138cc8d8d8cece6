//! A definition, read: what a walk executes.

use std::collections::BTreeMap;

use super::template::Template;

/// A whole state machine.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) scope: Scope,
    pub(super) timeout_seconds: Option<u64>,
}

/// States that can reach only each other: the machine's, a branch's, an item processor's.
#[derive(Debug, Default)]
pub(super) struct Scope {
    pub(super) start: String,
    pub(super) states: BTreeMap<String, State>,
}

/// One state, with the fields that most kinds share.
#[derive(Debug)]
pub(super) struct State {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Where it goes; nowhere if it is an end, or a Choice.
    pub(super) next: Option<String>,
    pub(super) assign: Option<Template>,
    pub(super) output: Option<Template>,
    pub(super) retry: Vec<Retrier>,
    pub(super) catch: Vec<Catcher>,
}

#[derive(Debug)]
pub(super) enum Kind {
    Pass,
    Task(Task),
    Choice { rules: Vec<ChoiceRule>, default: Option<String> },
    Wait(Until),
    Succeed,
    Fail { error: Option<Template>, cause: Option<Template> },
    Parallel { branches: Vec<Scope>, arguments: Option<Template> },
    Map(Box<Map>),
}

#[derive(Debug)]
pub(super) struct Task {
    pub(super) resource: String,
    pub(super) arguments: Option<Template>,
    pub(super) timeout: Option<Template>,
    pub(super) heartbeat: Option<Template>,
}

/// What a Task's `Resource` is, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Integration {
    /// `arn:aws:states:::lambda:invoke`.
    Lambda,
    /// The function itself is the resource.
    Function,
    /// Any other service.
    Service,
}

impl Task {
    pub(super) fn integration(&self) -> Integration {
        if self.resource.starts_with("arn:aws:states:::lambda:invoke") {
            Integration::Lambda
        } else if self.resource.starts_with("arn:aws:states:") {
            Integration::Service
        } else {
            Integration::Function
        }
    }

    pub(super) fn waits_for_token(&self) -> bool {
        self.resource.ends_with(".waitForTaskToken")
    }
}

#[derive(Debug)]
pub(super) struct ChoiceRule {
    pub(super) condition: Template,
    pub(super) next: String,
    pub(super) assign: Option<Template>,
    pub(super) output: Option<Template>,
}

#[derive(Debug)]
pub(super) enum Until {
    Seconds(Template),
    Timestamp(Template),
}

#[derive(Debug)]
pub(super) struct Map {
    pub(super) items: Option<Template>,
    pub(super) selector: Option<Template>,
    pub(super) processor: Scope,
    pub(super) max_concurrency: Option<Template>,
    /// It tolerates failures, which only a distributed Map does.
    pub(super) tolerant: bool,
    /// Only where the iterations are executions of their own.
    pub(super) distributed: Option<Distributed>,
}

#[derive(Debug, Default)]
pub(super) struct Distributed {
    pub(super) reader: Option<Port>,
    pub(super) batcher: Option<Batcher>,
    pub(super) writer: Option<Port>,
    pub(super) flatten: bool,
    pub(super) tolerated_percentage: Option<Template>,
    pub(super) tolerated_count: Option<Template>,
}

/// Where items come from, or results go to.
#[derive(Debug)]
pub(super) struct Port {
    pub(super) resource: String,
    pub(super) arguments: Option<Template>,
    pub(super) max_items: Option<Template>,
}

#[derive(Debug)]
pub(super) struct Batcher {
    pub(super) input: Option<Template>,
    pub(super) max_items: Option<Template>,
    pub(super) max_bytes: Option<Template>,
}

#[derive(Debug)]
pub(super) struct Retrier {
    pub(super) errors: Vec<String>,
    pub(super) interval_seconds: u64,
    pub(super) max_attempts: u64,
    pub(super) backoff_rate: f64,
    pub(super) max_delay_seconds: Option<u64>,
    pub(super) full_jitter: bool,
}

#[derive(Debug)]
pub(super) struct Catcher {
    pub(super) errors: Vec<String>,
    pub(super) next: String,
    pub(super) assign: Option<Template>,
    pub(super) output: Option<Template>,
}

impl State {
    /// Every state it may go to.
    pub(super) fn targets(&self) -> impl Iterator<Item = &str> {
        let (rules, default) = match &self.kind {
            Kind::Choice { rules, default } => (rules.as_slice(), default.as_deref()),
            _ => (&[][..], None),
        };
        self.next
            .as_deref()
            .into_iter()
            .chain(rules.iter().map(|rule| rule.next.as_str()))
            .chain(default)
            .chain(self.catch.iter().map(|catcher| catcher.next.as_str()))
    }

    /// The scopes inside it.
    pub(super) fn inner(&self) -> &[Scope] {
        match &self.kind {
            Kind::Parallel { branches, .. } => branches,
            Kind::Map(map) => std::slice::from_ref(&map.processor),
            _ => &[],
        }
    }

    /// Its inner states cannot see the variables of this one's scope.
    pub(super) fn is_distributed(&self) -> bool {
        matches!(&self.kind, Kind::Map(map) if map.distributed.is_some())
    }

    /// The names that it assigns, whichever way it is left.
    pub(super) fn assigns(&self) -> impl Iterator<Item = &str> {
        let rules = match &self.kind {
            Kind::Choice { rules, .. } => rules.as_slice(),
            _ => &[],
        };
        self.assign
            .iter()
            .chain(rules.iter().filter_map(|rule| rule.assign.as_ref()))
            .chain(self.catch.iter().filter_map(|catcher| catcher.assign.as_ref()))
            .flat_map(names)
    }
}

/// The top-level names of an Assign.
fn names(assign: &Template) -> Vec<&str> {
    match assign {
        Template::Object(fields) => fields.iter().map(|(name, _)| name.as_str()).collect(),
        Template::Fixed(value) => {
            value.as_object().into_iter().flat_map(|o| o.keys().map(String::as_str)).collect()
        }
        _ => Vec::new(),
    }
}

impl Scope {
    /// Every state, those of the scopes inside included.
    pub(super) fn all(&self) -> Vec<&State> {
        let mut all = Vec::new();
        for state in self.states.values() {
            all.push(state);
            all.extend(state.inner().iter().flat_map(Scope::all));
        }
        all
    }

    /// The names that its own states assign.
    pub(super) fn assigns(&self) -> impl Iterator<Item = &str> {
        self.states.values().flat_map(State::assigns)
    }
}
