//! What the ports of our own state promise, as cases that any implementation can be held to: the
//! tables on DynamoDB and their twins in memory run the same ones.
//!
//! [`crate::contract_tests!`] makes a test of each case. A case has tenants of its own, so that all
//! of them can share one deployment, and the clock of the deployment stands at [`fixtures::now`].

// These are tests: they live in the library because two crates run them.
#![allow(clippy::expect_used, clippy::missing_panics_doc)]

pub mod audit_log;
pub mod commits;
pub mod event_lists;
pub mod evidence;
pub mod fixtures;
pub mod holds;
pub mod keyring;
pub mod ledger;
pub mod lists;
pub mod locks;
pub mod log_copies;
pub mod packages;
pub mod packs;
pub mod registry;
pub mod requests;
pub mod rotation;
#[cfg(test)]
mod twin;

use std::sync::Arc;

use ports::{AuditLog, AuditMarks, EventLists, Holds, KeyAdmin, Keyring, Ledger, Packs, Requests};

/// The ports of one deployment's own state.
#[derive(Clone)]
pub struct Deployment {
    /// The `requests` table.
    pub requests: Arc<dyn Requests>,
    /// The `holds` table.
    pub holds: Arc<dyn Holds>,
    /// The `audit` table.
    pub audit_log: Arc<dyn AuditLog>,
    /// The same, for whoever only asks what is chained.
    pub audit_marks: Arc<dyn AuditMarks>,
    /// The events by the minute of their commit.
    pub event_lists: Arc<dyn EventLists>,
    /// The `keys` table and the key service.
    pub keyring: Arc<dyn Keyring>,
    /// The same, for rotation.
    pub key_admin: Arc<dyn KeyAdmin>,
    /// The `ledger` table.
    pub ledger: Arc<dyn Ledger>,
    /// Evidence packs on record.
    pub packs: Arc<dyn Packs>,
}

/// Makes a `#[tokio::test]` of every case. Takes a function that makes a [`Deployment`]
/// asynchronously, and attributes for each test: `contract_tests!(engine, ignore = "needs ...")`.
#[macro_export]
macro_rules! contract_tests {
    ($deployment:path $(, $attribute:meta)*) => {
        $crate::contract_tests!(@all $deployment, [$($attribute),*], requests,
            a_request_is_taken_in_with_its_first_event
            taking_in_twice_is_fine_and_another_of_the_same_id_is_a_conflict
            an_open_request_for_the_same_person_is_named
            a_request_may_go_beyond_the_open_ones_it_names
            an_end_frees_the_person_even_without_locks
            an_idempotency_key_answers_again
            an_idempotency_key_comes_before_an_open_request
            an_expired_key_may_be_used_anew
            what_is_remembered_without_a_request_stays
        );
        $crate::contract_tests!(@all $deployment, [$($attribute),*], commits,
            a_change_its_event_and_its_tasks_are_committed_together
            another_generation_is_stale_and_changes_nothing
            another_event_is_a_conflict_and_changes_nothing
            being_stale_comes_before_every_other_refusal
            a_request_that_is_not_there_is_a_conflict
            a_change_whose_answer_was_lost_is_fine_for_ever
            of_two_at_once_one_commits
            a_change_that_is_too_large_or_wrong_is_refused_whole
        );
        $crate::contract_tests!(@all $deployment, [$($attribute),*], locks,
            a_lock_has_one_owner
            all_locks_are_taken_or_none
            only_own_locks_are_released
            a_close_whose_answer_was_lost_takes_no_lock_away
            waiters_queue_behind_a_holder_only
            no_waiter_is_missed
        );
        $crate::contract_tests!(@all $deployment, [$($attribute),*], lists,
            requests_are_listed_newest_first_page_by_page
            requests_are_listed_by_status
            a_cursor_never_leaves_its_tenant
            events_are_paged_in_order
            the_longest_overdue_come_first
            what_is_at_rest_is_overdue_by_itself
        );
        $crate::contract_tests!(@all $deployment, [$($attribute),*], holds,
            a_hold_stands_until_it_is_released
            placing_and_releasing_twice_are_fine
            a_released_hold_is_not_released_by_another
            what_came_too_late_survives_the_release
            holds_are_listed_newest_first_page_by_page
            a_hold_stops_a_change_that_wants_none
            every_hold_counts
            a_change_before_a_hold_is_not_undone_by_it
            a_hold_and_a_change_never_pass_each_other
        );
        $crate::contract_tests!(@all $deployment, [$($attribute),*], packs,
            a_pack_is_noted_once_and_the_first_who_did_is_known
            what_is_no_packs_first_event_is_not_noted
        );
        $crate::contract_tests!(@all $deployment, [$($attribute),*], audit_log,
            a_chain_begins_with_genesis_and_grows
            an_event_is_chained_once
            a_place_in_the_chain_is_taken_once
            the_largest_block_fits
            marks_are_found_however_many
            two_writers_make_one_chain
            blocks_are_read_from_any_entry_on
            a_block_that_is_no_chain_is_refused
            a_block_that_is_too_large_is_refused
            small_blocks_make_one_chain_too
        );
        $crate::contract_tests!(@all $deployment, [$($attribute),*], event_lists,
            a_committed_event_is_listed_in_its_minute
            a_redriven_event_is_listed_elsewhere_and_counted
            what_has_no_mark_is_said_by_key
            what_was_swept_never_goes_back
        );
        $crate::contract_tests!(@all $deployment, [$($attribute),*], keyring,
            a_scope_keeps_its_key
            scopes_have_keys_of_their_own
            two_callers_at_once_get_the_same_key
            a_destroyed_key_is_gone
        );
        $crate::contract_tests!(@all $deployment, [$($attribute),*], ledger,
            marks_are_found_where_they_were_written
            the_later_erasure_of_a_mark_stays
            a_turn_is_taken_by_whoever_read_what_is_there
            running_replays_are_listed_until_they_end
            whom_a_replay_found_is_listed_in_order
            stores_with_a_standing_are_listed_in_order
        );
        $crate::contract_tests!(@all $deployment, [$($attribute),*], rotation,
            a_rotated_key_opens_what_it_sealed
            of_two_who_rotate_at_once_one_does
            a_rotation_in_the_middle_of_reads_and_writes_loses_nothing
            persons_keys_are_sealed_anew
            sealing_anew_brings_no_destroyed_key_back
            a_destroyed_persons_key_is_not_made_again
            rotating_keys_are_listed_by_when_they_are_due
            what_rotates_does_not_end
            what_does_not_rotate_is_not_rotated
        );
    };
    (@all $deployment:path, $attributes:tt, $module:ident, $($case:ident)*) => {
        $($crate::contract_tests!(@one $deployment, $attributes, $module, $case);)*
    };
    (@one $deployment:path, [$($attribute:meta),*], $module:ident, $case:ident) => {
        #[tokio::test]
        $(#[$attribute])*
        async fn $case() {
            let deployment = $deployment().await;
            $crate::contract_tests::$module::$case(&deployment).await;
        }
    };
}

/// The same, for the cases of [`packages`]: takes a function that makes [`packages::Exports`].
#[macro_export]
macro_rules! export_tests {
    ($exports:path $(, $attribute:meta)*) => {
        $crate::contract_tests!(@all $exports, [$($attribute),*], packages,
            a_package_is_there_whole_when_it_is_finished
            an_abandoned_package_leaves_nothing
            a_later_attempt_ends_an_earlier_one
            destroying_leaves_nothing_of_a_request_and_all_of_others
            what_names_no_package_is_refused
            a_link_opens_one_package_for_a_while
            a_signature_is_checked_with_the_public_key
        );
    };
}

/// The same, for the cases of [`evidence`]: takes a function that makes [`evidence::Archive`].
#[macro_export]
macro_rules! evidence_tests {
    ($archive:path $(, $attribute:meta)*) => {
        $crate::contract_tests!(@all $archive, [$($attribute),*], evidence,
            an_object_is_written_once
            of_many_who_write_at_once_one_does
            the_first_version_counts_whatever_lies_above_it
            keys_are_listed_in_order_page_by_page
            what_is_too_large_is_refused
            a_note_is_checked_with_the_public_key
        );
    };
}

/// The same, for the cases of [`registry`]: takes a function that makes [`registry::Registry`].
#[macro_export]
macro_rules! registry_tests {
    ($registry:path $(, $attribute:meta)*) => {
        $crate::contract_tests!(@all $registry, [$($attribute),*], registry,
            tenants_are_listed_in_order_page_by_page
        );
    };
}

/// The same, for the cases of [`log_copies`]: takes a function that makes [`log_copies::Groups`].
#[macro_export]
macro_rules! log_copy_tests {
    ($groups:path $(, $attribute:meta)*) => {
        $crate::contract_tests!(@all $groups, [$($attribute),*], log_copies,
            lines_are_appended_in_their_order_to_a_stream_that_is_made
            what_is_appended_twice_is_there_twice
            a_copy_that_is_not_there_is_not_made
            the_largest_batches_are_taken
        );
    };
}
