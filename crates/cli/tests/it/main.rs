//! `lacuna` as its users meet it: what it prints, what it sends, how it ends.

#![allow(clippy::expect_used, clippy::panic, reason = "a test says what it found by failing")]

mod audit;
mod catalog;
mod exports;
mod fetching;
mod folder;
mod golden;
mod holds;
mod ledger;
mod lists;
mod machine;
mod mask;
mod mask_copies;
mod mask_copies_odd;
mod mask_tables;
mod packs;
mod process;
mod requests;
mod screen;
mod server;
mod trouble;
mod vault_damage;
mod vault_files;
mod vault_keys;
mod vault_memory;
mod vault_places;
mod verify;
mod verify_long;
mod verify_signed;
mod views;
mod watching;
