//! `lacuna`: see [`cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(cli::run(std::env::args_os(), cli::World::real()))
}
