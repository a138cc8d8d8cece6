//! `lacuna catalog …`

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;
use contract::catalog::{CatalogError, Published, read_yaml, schema};
use serde_json::json;

use super::Desk;
use crate::args::catalog::{Check, Command};
use crate::ending::Ending;
use crate::show;

pub fn run(command: Command, desk: Desk<'_>) -> anyhow::Result<Ending> {
    match command {
        Command::Check(check) => self::check(&check, desk),
        Command::Schema => {
            let schema = serde_json::to_string_pretty(&schema())?;
            desk.screen.body(&schema)?;
            Ok(Ending::Done)
        }
    }
}

fn check(args: &Check, mut desk: Desk<'_>) -> anyhow::Result<Ending> {
    let text = read(&args.file, &mut desk)?;
    let (json, width) = (desk.screen.json(), desk.screen.width());
    let refused = match read_yaml(&text) {
        Ok(published) => return accept(&published, args, &mut desk),
        Err(refused) => refused,
    };
    if json {
        let body = match &refused {
            CatalogError::Problems(problems) => json!({ "problems": problems }),
            other => json!({ "problems": [], "error": other.to_string() }),
        };
        desk.screen.body(&body.to_string())?;
    } else {
        let lines = match &refused {
            CatalogError::Problems(problems) => show::catalog::problems(problems, width),
            CatalogError::Form(why) => show::catalog::unreadable(why),
            CatalogError::Version => show::catalog::unreadable(&refused.to_string()),
        };
        desk.screen.lines(&lines)?;
    }
    Ok(Ending::Error)
}

fn accept(published: &Published, args: &Check, desk: &mut Desk<'_>) -> anyhow::Result<Ending> {
    if let Some(out) = &args.out {
        // Nothing after the last brace: the version is the hash of exactly these bytes.
        std::fs::write(out, &published.json)
            .with_context(|| format!("{} cannot be written", out.display()))?;
    }
    if desk.screen.json() {
        let body = json!({
            "version": published.version,
            "stores": published.catalog.stores.len(),
            "collections": published.catalog.collections().count(),
            "problems": [],
        });
        desk.screen.body(&body.to_string())?;
    } else {
        let lines = show::catalog::good(published, desk.screen.width());
        desk.screen.lines(&lines)?;
    }
    Ok(Ending::Done)
}

fn read(file: &Path, desk: &mut Desk<'_>) -> anyhow::Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        desk.world.stdin.read_to_string(&mut text)?;
        return Ok(text);
    }
    std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))
}
