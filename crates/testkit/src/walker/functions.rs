//! The functions that Step Functions adds to `JSONata`, and those that chance or time decide.
//!
//! Source: Step Functions developer guide, "Transforming data with `JSONata`": `$partition`,
//! `$range`, `$hash`, `$random`, `$uuid` and `$parse` are added, `$eval` is not available.
//! Rounding, and what answers nothing, follow what was measured on AWS by the Floci emulator
//! (its `docs/services/step-functions.md`, "`JSONata` functions").

use std::cell::RefCell;
use std::rc::Rc;

use jiff::Timestamp;
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError};
use jsonata_core::parser;
use jsonata_core::value::JValue;

use super::rng::Rng;
use super::time::iso;

/// The functions of Step Functions that a walk cannot compute.
pub(super) const MISSING: [&str; 1] = ["hash"];

type Answer = Result<JValue, EvaluatorError>;
type Function = Box<dyn Fn(&[JValue]) -> Answer>;

/// Makes the functions known to an evaluator. Time and chance are given, so that a walk can be
/// repeated.
pub(super) fn register(evaluator: &mut Evaluator, now: Timestamp, seed: u64) {
    let chance = Rc::new(RefCell::new(Rng::new(seed)));
    let mut add = |name: &str, f: Function| {
        // None of these names takes part in the compiled fast path, which alone is refused.
        let _ = evaluator.register_fn_override(name, move |args: &[JValue]| f(args));
    };
    add("parse", Box::new(parse));
    add("partition", Box::new(|args| Ok(partition(args))));
    add("range", Box::new(range));
    add("now", Box::new(move |args| written(now, args)));
    #[expect(clippy::cast_precision_loss, reason = "JSONata has no other numbers")]
    add("millis", Box::new(move |_| Ok(JValue::from(now.as_millisecond() as f64))));
    let source = Rc::clone(&chance);
    add("random", Box::new(move |args| Ok(random(args, &source))));
    add("uuid", Box::new(move |_| Ok(JValue::from(chance.borrow_mut().uuid()))));
    add("eval", Box::new(|_| Err(failure("T1006: Attempted to invoke a non-function"))));
    for name in MISSING {
        add(name, Box::new(move |_| Err(failure(&format!("the walker does not compute ${name}")))));
    }
}

fn failure(message: &str) -> EvaluatorError {
    EvaluatorError::EvaluationError(message.to_owned())
}

fn parse(args: &[JValue]) -> Answer {
    match args.first() {
        None | Some(JValue::Undefined) => Ok(JValue::Undefined),
        Some(JValue::String(text)) => {
            JValue::from_json_str(text).map_err(|error| failure(&format!("$parse: not a JSON text: {error}")))
        }
        Some(_) => Err(failure("T0410: Argument 1 of function \"parse\" does not match")),
    }
}

/// The argument at `i` as a whole number, rounded towards zero; nothing if it is not a number.
#[expect(clippy::cast_possible_truncation, reason = "rounding towards zero is the rule")]
fn whole(args: &[JValue], i: usize) -> Option<i64> {
    args.get(i).and_then(JValue::as_f64).map(|n| n.trunc() as i64)
}

fn partition(args: &[JValue]) -> JValue {
    let size = whole(args, 1).and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
    let items = args.first().and_then(JValue::as_array);
    let (Some(items), Some(size)) = (items, size) else {
        return JValue::Undefined;
    };
    if items.is_empty() {
        return JValue::Undefined;
    }
    JValue::array(items.chunks(size).map(|chunk| JValue::array(chunk.to_vec())).collect())
}

fn range(args: &[JValue]) -> Answer {
    /// As AWS: it accepts 360,145 items, and refuses one more.
    const MOST: usize = 360_145;
    let (Some(start), Some(end), Some(step)) = (whole(args, 0), whole(args, 1), whole(args, 2)) else {
        return Ok(JValue::Undefined);
    };
    let mut items = Vec::new();
    let mut at = start;
    while step != 0 && ((step > 0 && at <= end) || (step < 0 && at >= end)) {
        if items.len() == MOST {
            return Err(failure("Expression evaluation memory limit exceeded"));
        }
        items.push(JValue::from(at));
        at += step;
    }
    Ok(match items.len() {
        0 => JValue::Undefined,
        1 => items.remove(0),
        _ => JValue::array(items),
    })
}

fn random(args: &[JValue], chance: &RefCell<Rng>) -> JValue {
    let seeded = whole(args, 0).map(|seed| Rng::new(seed.unsigned_abs()).unit());
    JValue::from(seeded.unwrap_or_else(|| chance.borrow_mut().unit()))
}

/// `$now()`, which is the same moment throughout one evaluation.
fn written(now: Timestamp, args: &[JValue]) -> Answer {
    if args.is_empty() {
        return Ok(JValue::from(iso(now)));
    }
    let ast = parser::parse("$fromMillis($toMillis($now_), $picture_, $zone_)")
        .map_err(|error| failure(&error.to_string()))?;
    let mut context = Context::new();
    context.bind("now_".to_owned(), JValue::from(iso(now)));
    for (name, i) in [("picture_", 0), ("zone_", 1)] {
        context.bind(name.to_owned(), args.get(i).cloned().unwrap_or(JValue::Undefined));
    }
    Evaluator::with_context(context).evaluate(&ast, &JValue::Undefined)
}
