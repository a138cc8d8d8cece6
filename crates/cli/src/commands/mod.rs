//! What each command does.

mod audit;
mod catalog;
mod export;
mod hold;
mod ledger;
mod list;
mod mask;
mod pack;
mod request;
mod vault;
mod verify;

use crate::api::{Api, connect};
use crate::args::{Arguments, Command, Global};
use crate::ending::Ending;
use crate::input::Typed;
use crate::screen::Screen;
use crate::world::World;

/// What a command works with.
struct Desk<'a> {
    world: World,
    screen: &'a mut Screen,
    global: Global,
}

impl Desk<'_> {
    fn api(&self) -> anyhow::Result<Api> {
        let mut api = connect(&self.global, &self.world)?;
        api.set_notice(self.screen.notice());
        Ok(api)
    }

    fn now(&self) -> jiff::Timestamp {
        (self.world.now)()
    }

    fn typed(&mut self) -> Typed<'_> {
        Typed {
            stdin: &mut self.world.stdin,
            asked: self.world.terminal.stdin && self.world.terminal.stderr,
            screen: self.screen,
        }
    }
}

/// Runs a command.
pub async fn run(arguments: Arguments, world: World, screen: &mut Screen) -> anyhow::Result<Ending> {
    let desk = Desk { world, screen, global: arguments.global };
    match arguments.command {
        Command::Request(command) => request::run(command, desk).await,
        Command::Hold(command) => hold::run(command, desk).await,
        Command::Ledger(command) => ledger::run(command, desk).await,
        Command::Audit(command) => audit::run(command, desk).await,
        Command::Catalog(command) => catalog::run(command, desk),
        Command::Vault(command) => vault::run(command, desk).await,
        Command::Mask(mask) => mask::run(&mask, desk).await,
        Command::Verify(verify) => verify::run(verify, desk).await,
    }
}
