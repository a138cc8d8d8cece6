//! `lacuna vault encrypt` and `lacuna vault decrypt`

use std::io::{self, BufRead, Cursor, ErrorKind, Read};

use contract::vault::KeyName;
use jiff::Timestamp;
use vault::{DataKey, Material, OpenReader, VaultError};

use super::super::Desk;
use crate::args::vault::Files;
use crate::ending::{Ending, Usage};
use crate::file::{Draft, Place, Source, is_standard};
use crate::seal::{
    End, Name, Run, STREAM, Start, Trouble, Under, damaged, fresh, half, read_key, salt, start, unwrap, wrap,
};
use crate::show::vault::Written;
use crate::text::Line;

/// A file's key has one version: another key is another file's.
const VERSION: u32 = 1;

/// Sealed bytes for each that is not plaintext: a frame of 65,568 has 32.
const SEALED_FOR_EACH: u64 = 2_049;

/// One file on its way.
pub struct Job<'a> {
    desk: Desk<'a>,
    name: Name,
    reader: Box<dyn BufRead + Send>,
    /// How long what is read is, where that is known.
    length: Option<u64>,
    /// What is read, in complaints.
    from: String,
    place: Place,
    key: Option<Material>,
    telling: Telling,
}

/// What is needed to say how it ended.
struct Telling {
    opening: bool,
    under: Under,
    /// The file that is written; standard output otherwise.
    out: Option<String>,
    began: Timestamp,
}

impl<'a> Job<'a> {
    /// Looks at all that can be wrong before anything is sent, read or written.
    pub fn begin(files: &Files, opening: bool, mut desk: Desk<'a>) -> anyhow::Result<Self> {
        let name = Name::new(&files.context)?;
        let place = Place::checked(files.out.as_deref(), files.force)?;
        let out = files.out.as_deref().filter(|_| matches!(place, Place::File { .. }));
        let out = out.map(|out| out.display().to_string());
        if out.is_none() {
            if !opening && desk.screen.is_terminal() && !files.force {
                return Err(Usage(
                    "standard output is a terminal, and sealed bytes would garble it.\nName a file with --out, or \
                     redirect standard output; --force writes them to the terminal."
                        .to_owned(),
                )
                .into());
            }
            // Standard output is the file: nothing else may get into it.
            desk.screen.set_json(false);
        }
        let key = files.key_file.as_deref().map(read_key).transpose()?;
        let under = files.key_file.as_deref();
        let under = under.map_or(Under::Own, |key| Under::KeyFile(key.display().to_string()));
        let source = match files.file.as_deref() {
            Some(file) if !is_standard(Some(file)) => Source::open(file)?,
            _ => {
                let terminal = desk.world.terminal;
                if terminal.stdin && terminal.stderr {
                    desk.screen.notes(&[Line::plain("What to read, then Ctrl-D on a line of its own:")])?;
                }
                Source::stdin(std::mem::replace(&mut desk.world.stdin, Box::new(io::empty())))
            }
        };
        let Source { reader, length, name: from } = source;
        let telling = Telling { opening, under, out, began: desk.now() };
        Ok(Self { desk, name, reader, length, from, place, key, telling })
    }

    /// Seals it.
    pub async fn encrypt(self) -> anyhow::Result<Ending> {
        let Self { mut desk, name, reader, length, from, place, key, telling } = self;
        let random = desk.world.random.as_ref();
        let (key, start, under) = if let Some(key) = key {
            (key, Vec::new(), None)
        } else {
            let api = desk.api()?;
            let key = fresh(random)?;
            let (start, under) = wrap(&api, &name, &key).await?;
            (key, start, Some(under))
        };
        let sealing = (DataKey::new(&key, VERSION), name.clone(), salt(random)?);
        let mut run = run(&desk, &telling, length)?;
        let (draft, sink) = place.begin(desk.screen.output(), random()?)?;
        let end = run.seal(reader, sink, start, sealing, desk.screen).await?;
        telling.end(end, (&run, draft), (&from, &name, under.as_ref()), &mut desk)
    }

    /// Opens it.
    pub async fn decrypt(self) -> anyhow::Result<Ending> {
        let Self { mut desk, name, mut reader, length, from, place, key, telling } = self;
        let broken = |error| telling.broken(Trouble::reading(error), &from, 0);
        if reader.fill_buf().map_err(broken)?.is_empty() {
            anyhow::bail!("{from} is empty: there is nothing to open.\n{}", telling.half(0));
        }
        let (key, before) = match (start(&mut reader).map_err(broken)?, key) {
            (Start::Stream(STREAM), Some(key)) => (key, STREAM.to_vec()),
            (Start::Key(sealed), None) => (unwrap(&desk.api()?, &name, &sealed).await?, Vec::new()),
            (Start::Key(_), Some(_)) => {
                return Err(Usage(format!(
                    "{from} was sealed without a key file: it begins with its own key.\nLeave out --key-file; the \
                     API opens that key."
                ))
                .into());
            }
            (Start::Stream(STREAM), None) => {
                return Err(Usage(format!(
                    "{from} was sealed with a key file.\nGive the --key-file that it was sealed with."
                ))
                .into());
            }
            (Start::Stream(_), _) => return Err(broken(VaultError::NotSealed.into())),
        };
        let mut reader = Cursor::new(before).chain(reader);
        let header = OpenReader::header(&mut reader).map_err(broken)?;
        let key = DataKey::new(&key, VERSION);
        let opening = OpenReader::new(reader, &header, &key, &name.stream()).map_err(broken)?;
        let mut run = run(&desk, &telling, length.map(|length| length - length / SEALED_FOR_EACH))?;
        let (draft, sink) = place.begin(desk.screen.output(), (desk.world.random)()?)?;
        let end = run.open(opening, sink, desk.screen).await?;
        telling.end(end, (&run, draft), (&from, &name, None), &mut desk)
    }
}

fn run(desk: &Desk<'_>, telling: &Telling, whole: Option<u64>) -> anyhow::Result<Run> {
    let shown = desk.screen.live_notes(telling.out.is_none());
    Run::new(whole, desk.world.now.clone(), desk.world.pace.tick, shown)
}

impl Telling {
    /// Gives what was written its name, or says why there is nothing.
    fn end(
        &self,
        end: End,
        (run, draft): (&Run, Draft),
        (from, name, key): (&str, &Name, Option<&KeyName>),
        desk: &mut Desk<'_>,
    ) -> anyhow::Result<Ending> {
        match end {
            End::Whole => draft.publish()?,
            End::Broken(trouble) => return Err(self.broken(trouble, from, run.done())),
            End::Interrupted => {
                let text = format!("Interrupted. {}", self.half(run.done()));
                desk.screen.notes(&[Line::plain(text)])?;
                return Ok(Ending::Interrupted);
            }
        }
        if let Some(out) = &self.out {
            let written = Written {
                opened: self.opening,
                out,
                context: name.as_str(),
                plaintext: run.done(),
                took: desk.now().duration_since(self.began),
                key,
            };
            if desk.screen.json() {
                desk.screen.body(&written.json().to_string())?;
            } else {
                let lines = written.lines(desk.screen.width());
                desk.screen.lines(&lines)?;
            }
        }
        Ok(Ending::Done)
    }

    fn broken(&self, trouble: Trouble, from: &str, done: u64) -> anyhow::Error {
        let half = self.half(done);
        match trouble {
            Trouble::Vault(error) => {
                anyhow::anyhow!("{}\n{half}", damaged(error, from, &self.under))
            }
            Trouble::Read(error) => anyhow::anyhow!("{from} cannot be read: {error}\n{half}"),
            Trouble::Input(what, _) => anyhow::anyhow!("{from}: {what}\n{half}"),
            // Whoever reads us went away: there is nobody to tell.
            Trouble::Write(error) if self.out.is_none() && error.kind() == ErrorKind::BrokenPipe => {
                error.into()
            }
            Trouble::Write(error) => {
                let out = self.out.as_deref().unwrap_or("standard output");
                anyhow::anyhow!("{out} cannot be written: {error}\n{half}")
            }
        }
    }

    fn half(&self, done: u64) -> String {
        half(self.opening, self.out.as_deref(), done)
    }
}
