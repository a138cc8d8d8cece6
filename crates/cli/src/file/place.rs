//! Where a file comes from and where it goes. What is written appears under its name only when all of it
//! is there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::ending::Usage;
use crate::screen::locked;
use crate::world::Output;

/// How much is read at once: frames are a little more than 64 KiB.
const BUFFER: usize = 256 * 1024;

/// What is read.
pub struct Source {
    /// Its bytes.
    pub reader: Box<dyn BufRead + Send>,
    /// How many, where that is known.
    pub length: Option<u64>,
    /// What it is called in complaints.
    pub name: String,
}

impl Source {
    /// Opens a file.
    pub fn open(file: &Path) -> anyhow::Result<Self> {
        let name = file.display().to_string();
        let opened = File::open(file).with_context(|| format!("{name} cannot be read"))?;
        let found = opened.metadata().with_context(|| format!("{name} cannot be read"))?;
        let length = found.is_file().then_some(found.len());
        Ok(Self { reader: Box::new(BufReader::with_capacity(BUFFER, opened)), length, name })
    }

    /// Standard input.
    pub fn stdin(reader: Box<dyn BufRead + Send>) -> Self {
        Self { reader, length: None, name: "standard input".to_owned() }
    }
}

/// Whether an argument means the standard streams.
pub fn is_standard(path: Option<&Path>) -> bool {
    path.is_none_or(|path| path == Path::new("-"))
}

/// Where it may be written: looked at before anything is done.
pub enum Place {
    /// Standard output.
    Stdout,
    /// A file.
    File {
        /// Its path.
        path: PathBuf,
        /// Whether it may replace one that is there.
        force: bool,
    },
}

impl Place {
    /// The place that an argument names, if it may be written.
    pub fn checked(out: Option<&Path>, force: bool) -> Result<Self, Usage> {
        match out.filter(|_| !is_standard(out)) {
            Some(path) => Self::file(path, force).map_err(|Usage(text)| Usage(format!("--out {text}"))),
            None => Ok(Self::Stdout),
        }
    }

    /// A file's place, if it may be written.
    pub fn file(path: &Path, force: bool) -> Result<Self, Usage> {
        let name = path.display();
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound && !has_folder(path) => {
                let folder = path.parent().unwrap_or(path).display();
                Err(Usage(format!("{name}: there is no folder {folder}. Make it first.")))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::File { path: path.into(), force }),
            Err(error) => Err(Usage(format!("{name}: {error}"))),
            Ok(_) if !force => Err(Usage(format!(
                "{name}: it is there already, and was left as it is.\nWrite another name with --out, or --force \
                 to replace it."
            ))),
            // A device would be replaced by a file, not written to.
            Ok(_) if fs::metadata(path).is_ok_and(|found| !found.is_file()) => Err(Usage(format!(
                "{name}: it is no file, and cannot be replaced by one.\nWrite another name with --out, or \
                 redirect standard output to it."
            ))),
            // The file that a link leads to is replaced, not the link.
            Ok(_) => Ok(Self::File { path: fs::canonicalize(path).unwrap_or_else(|_| path.into()), force }),
        }
    }

    /// Begins to write. The draft's name has `random` in it, so that two runs have two drafts.
    pub fn begin(self, stdout: Output, random: u128) -> anyhow::Result<(Draft, Sink)> {
        match self {
            Self::Stdout => Ok((Draft { place: None }, Sink::Stdout(stdout))),
            Self::File { path, force } => {
                let draft = path.with_file_name(format!(".lacuna-{random:032x}.partial"));
                let file = create(&draft).with_context(|| {
                    format!("{} cannot be written: no file can be made beside it", path.display())
                })?;
                Ok((Draft { place: Some((draft, path, force)) }, Sink::File(file)))
            }
        }
    }
}

/// Whether the folder is there in which a file would be.
fn has_folder(path: &Path) -> bool {
    path.parent().is_none_or(|folder| folder == Path::new("") || folder.is_dir())
}

/// A new file that only we may read: it may hold what is otherwise nowhere in clear.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// What is being written. Dropped, it leaves nothing behind.
pub struct Draft {
    /// The draft, where it goes, and whether it may replace what is there; nothing on standard output.
    place: Option<(PathBuf, PathBuf, bool)>,
}

impl Draft {
    /// Where it is until then; nothing on standard output.
    pub fn path(&self) -> Option<&Path> {
        self.place.as_ref().map(|(draft, _, _)| draft.as_path())
    }

    /// It goes by another name in the same folder, if that may be written.
    pub fn rename(&mut self, name: &str) -> Result<(), Usage> {
        if let Some((_, path, force)) = &mut self.place
            && let Place::File { path: other, .. } = Place::file(&path.with_file_name(name), *force)?
        {
            *path = other;
        }
        Ok(())
    }

    /// Gives it its name.
    pub fn publish(self) -> anyhow::Result<()> {
        let Some((draft, path, force)) = &self.place else { return Ok(()) };
        let named = if *force { fs::rename(draft, path) } else { name_new(draft, path) };
        named.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => anyhow::anyhow!(
                "{} has appeared meanwhile, and was left as it is; nothing was written.\nWrite another \
                 name, or remove it.",
                path.display()
            ),
            _ => anyhow::Error::new(error).context(format!("{} cannot be written", path.display())),
        })?;
        // The name is to outlive a loss of power too. Not every file system lets a folder be synced.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let _ = File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
        Ok(())
    }
}

/// Renaming would replace what has appeared since we looked; a second link does not. Where there are no
/// links, looking once more is the best there is.
fn name_new(draft: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(draft, path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists && fs::symlink_metadata(path).is_err() => {
            fs::rename(draft, path)
        }
        linked => linked,
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some((draft, _, _)) = &self.place {
            // After a rename there is nothing of that name, and nothing to remove.
            let _ = fs::remove_file(draft);
        }
    }
}

/// What is written to.
pub enum Sink {
    /// Standard output.
    Stdout(Output),
    /// The draft.
    File(File),
}

impl Sink {
    /// All was written: it is on the disk, or with whoever reads us.
    pub fn finish(mut self) -> io::Result<()> {
        match &mut self {
            Self::Stdout(output) => locked(output).flush(),
            Self::File(file) => file.sync_all(),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            // It holds back what follows the last end of a line, which sealed bytes have anywhere: what
            // was written must not hang on that.
            Self::Stdout(output) => {
                let mut output = locked(output);
                let written = output.write(bytes)?;
                output.flush()?;
                Ok(written)
            }
            Self::File(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(output) => locked(output).flush(),
            Self::File(file) => file.flush(),
        }
    }
}
