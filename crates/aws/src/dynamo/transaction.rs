//! Transactions that know what each of their actions is for, so that a cancelled one can be told
//! apart by cause.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
    Update,
};
use ports::{Class, Code, Fault};

use super::condition::Condition;
use super::fault;
use super::items::Item;
use super::keys::Key;

/// DynamoDB's limit of actions.
const MOST_ACTIONS: usize = 100;
const OPERATION: &str = "dynamodb:TransactWriteItems";
const ALL_OLD: ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure::AllOld;

/// Actions under construction, each with the part `P` that it plays.
pub(super) struct Transaction<P> {
    actions: Vec<(P, TransactWriteItem)>,
    items: BTreeSet<(String, Key)>,
    mistake: Option<Fault>,
}

/// Why nothing of a transaction was written.
#[derive(Debug)]
pub(super) enum Cancelled<P> {
    /// Conditions failed: of these parts, each with the item that was there if it was returned.
    /// With none of them, another transaction was at one of the items.
    Refused(Vec<(P, Option<Item>)>),
    /// The call failed.
    Fault(Fault),
}

impl<P> Transaction<P> {
    pub fn new() -> Self {
        Self { actions: Vec::new(), items: BTreeSet::new(), mistake: None }
    }

    /// Puts an item.
    pub fn put(&mut self, part: P, table: &str, key: Key, item: Item, condition: Option<Condition>) {
        let mut put = Put::builder().table_name(table).set_item(Some(item));
        if let Some(condition) = condition {
            put = put
                .condition_expression(condition.expression.as_ref())
                .set_expression_attribute_names(condition.names())
                .set_expression_attribute_values(condition.values())
                .return_values_on_condition_check_failure(ALL_OLD);
        }
        let action = put.build();
        let action = action.map(|p| TransactWriteItem::builder().put(p).build());
        self.add(part, table, key, action);
    }

    /// Changes attributes of an item by an update expression, whose placeholders are `condition`'s.
    pub fn update(
        &mut self,
        part: P,
        table: &str,
        key: Key,
        expression: &'static str,
        condition: &Condition,
    ) {
        let conditional = !condition.expression.is_empty();
        let update = Update::builder()
            .table_name(table)
            .set_key(Some(key.attributes()))
            .update_expression(expression)
            .set_condition_expression(conditional.then(|| condition.expression.to_string()))
            .set_expression_attribute_names(condition.names())
            .set_expression_attribute_values(condition.values())
            .set_return_values_on_condition_check_failure(conditional.then_some(ALL_OLD))
            .build();
        let action = update.map(|u| TransactWriteItem::builder().update(u).build());
        self.add(part, table, key, action);
    }

    /// Deletes an item.
    pub fn delete(&mut self, part: P, table: &str, key: Key, condition: &Condition) {
        let delete = Delete::builder()
            .table_name(table)
            .set_key(Some(key.attributes()))
            .condition_expression(condition.expression.as_ref())
            .set_expression_attribute_names(condition.names())
            .set_expression_attribute_values(condition.values())
            .return_values_on_condition_check_failure(ALL_OLD)
            .build();
        let action = delete.map(|d| TransactWriteItem::builder().delete(d).build());
        self.add(part, table, key, action);
    }

    /// Changes nothing of an item, and goes through only if the condition holds.
    pub fn check(&mut self, part: P, table: &str, key: Key, condition: &Condition) {
        let check = ConditionCheck::builder()
            .table_name(table)
            .set_key(Some(key.attributes()))
            .condition_expression(condition.expression.as_ref())
            .set_expression_attribute_names(condition.names())
            .set_expression_attribute_values(condition.values())
            .return_values_on_condition_check_failure(ALL_OLD)
            .build();
        let action = check.map(|c| TransactWriteItem::builder().condition_check(c).build());
        self.add(part, table, key, action);
    }

    fn add(&mut self, part: P, table: &str, key: Key, action: Result<TransactWriteItem, BuildError>) {
        // DynamoDB refuses two actions on one item, with a message that quotes it.
        if !self.items.insert((table.to_owned(), key)) {
            self.mistake = Some(mistake(table, "two actions on one item".to_owned()));
        }
        match action {
            Ok(action) => self.actions.push((part, action)),
            Err(_) => self.mistake = Some(mistake(table, "incomplete action".to_owned())),
        }
    }

    /// Writes everything or nothing. `table` is the one to name in a fault.
    pub async fn send(self, client: &Client, table: &str) -> Result<(), Cancelled<P>> {
        if let Some(mistake) = self.mistake {
            return Err(Cancelled::Fault(mistake));
        }
        if self.actions.len() > MOST_ACTIONS {
            let detail = format!("{} actions, of {MOST_ACTIONS} at the most", self.actions.len());
            return Err(Cancelled::Fault(mistake(table, detail)));
        }
        let (parts, actions): (Vec<P>, Vec<TransactWriteItem>) = self.actions.into_iter().unzip();
        let call = client.transact_write_items().set_transact_items(Some(actions));
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(cancelled(parts, table, error)),
        }
    }
}

fn mistake(table: &str, detail: String) -> Fault {
    Fault::new(Class::Permanent, Code::ControlUnavailable, OPERATION, table, detail)
}

fn cancelled<P>(parts: Vec<P>, table: &str, error: SdkError<TransactWriteItemsError>) -> Cancelled<P> {
    let reasons = match error {
        SdkError::ServiceError(context) if context.err().is_transaction_canceled_exception() => {
            match context.into_err() {
                TransactWriteItemsError::TransactionCanceledException(cancelled) => {
                    cancelled.cancellation_reasons.unwrap_or_default()
                }
                _ => Vec::new(),
            }
        }
        other => return Cancelled::Fault(fault::dynamodb(OPERATION, table, &other)),
    };
    sort_out(parts, table, reasons)
}

/// The reasons stand in the order of the actions. A failed condition says more than a conflict, and
/// a conflict more than a throttle: whoever decides again will meet the throttle again.
fn sort_out<P>(parts: Vec<P>, table: &str, reasons: Vec<CancellationReason>) -> Cancelled<P> {
    let mut failed = Vec::new();
    let mut conflict = false;
    let mut other = None;
    for (part, reason) in parts.into_iter().zip(reasons) {
        match reason.code.as_deref() {
            None | Some("None") => {}
            Some("ConditionalCheckFailed") => failed.push((part, reason.item)),
            Some("TransactionConflict") => conflict = true,
            Some(code) => other = Some(fault::from_code(OPERATION, table, code)),
        }
    }
    match other {
        _ if conflict || !failed.is_empty() => Cancelled::Refused(failed),
        Some(fault) => Cancelled::Fault(fault),
        None => Cancelled::Fault(mistake(table, "cancelled without a reason".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons(codes: &[&str]) -> Vec<CancellationReason> {
        let reason = |code: &&str| CancellationReason::builder().code(*code).build();
        codes.iter().map(reason).collect()
    }

    fn check(codes: &[&str], expect: Result<&[usize], Class>) {
        let parts = (0..codes.len()).collect();
        let got = match sort_out(parts, "t", reasons(codes)) {
            Cancelled::Refused(failed) => Ok(failed.into_iter().map(|(part, _)| part).collect()),
            Cancelled::Fault(fault) => Err(fault.class),
        };
        assert_eq!(got, expect.map(<[usize]>::to_vec), "{codes:?}");
    }

    #[test]
    fn a_cancellation_is_sorted_out_by_cause() {
        check(&["None", "ConditionalCheckFailed"], Ok(&[1]));
        check(&["TransactionConflict", "None"], Ok(&[]));
        check(&["ThrottlingError", "ConditionalCheckFailed", "TransactionConflict"], Ok(&[1]));
        check(&["None", "ThrottlingError"], Err(Class::Throttled));
        check(&["ValidationError", "None"], Err(Class::Permanent));
        check(&["None", "None"], Err(Class::Permanent));
    }

    #[test]
    fn two_actions_on_one_item_are_a_mistake_of_ours() {
        let key = Key { pk: "p".into(), sk: "s".into() };
        let mut transaction = Transaction::new();
        transaction.check((), "t", key.clone(), &Condition::absent());
        assert!(transaction.mistake.is_none());
        transaction.check((), "u", key.clone(), &Condition::absent());
        assert!(transaction.mistake.is_none(), "another table, another item");
        transaction.check((), "t", key, &Condition::absent());
        assert!(transaction.mistake.is_some());
    }
}
