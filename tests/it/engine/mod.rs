//! Journeys on the local engine: the real functions, tables, queues and state machine, one journey
//! for each way a request can go. Run by `make test`, which starts the engine; alone they are
//! ignored.

mod client;
mod exports;
mod journeys;
mod masked_logs;
mod packs;
mod proof;
mod restoring;
mod tool;
mod vault;
