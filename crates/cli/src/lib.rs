//! `lacuna`, the command line of the platform: requests, legal holds, catalogs, sealed files,
//! proofs.
//!
//! [`run`] is the whole program. What it may know of the machine (variables, clock, randomness,
//! terminal) comes in with [`World`], so that every line it prints can be tested. Identities that
//! are given to it are [`domain::Personal`] from the moment they are parsed: they are sent to the
//! API, and printed nowhere, not even in a complaint about them.

mod api;
mod args;
mod commands;
mod copy;
mod ending;
mod file;
mod input;
mod pack;
mod screen;
mod seal;
mod show;
mod table;
mod text;
mod watch;
mod world;

use std::ffi::OsString;

use anyhow::Context as _;
use clap::Parser as _;

pub use ending::Ending;
pub use world::{Pace, Terminal, World};

use args::Arguments;
use ending::Usage;
use screen::Screen;

/// Runs one command line and gives the exit code; see [`Ending`].
pub fn run(arguments: impl IntoIterator<Item = OsString>, world: World) -> u8 {
    let (world, mut screen) = world.with_screen();
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return args::explain(error, &mut screen),
    };
    screen.set_json(arguments.global.json);
    let done = runtime().and_then(|runtime| {
        let done = runtime.block_on(commands::run(arguments, world, &mut screen));
        // A name that is still being looked up must not hold the exit back.
        runtime.shutdown_background();
        done
    });
    match done {
        Ok(ending) => ending.code(),
        Err(error) => fail(&error, &mut screen),
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("this machine does not let lacuna start")
}

fn fail(error: &anyhow::Error, screen: &mut Screen) -> u8 {
    let ending = if error.is::<Usage>() { Ending::Usage } else { Ending::Error };
    // Whoever reads us went away (`lacuna … | head`): there is nobody left to tell.
    let unread = |e: &std::io::Error| e.kind() == std::io::ErrorKind::BrokenPipe;
    if !error.downcast_ref::<std::io::Error>().is_some_and(unread) {
        let _ = show::failure::print(error, screen);
    }
    ending.code()
}
