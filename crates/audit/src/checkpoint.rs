//! Checkpoints (<https://c2sp.org/tlog-checkpoint>): what a log stands for, signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::TenantId;

use crate::note::{NoteError, VerifierKey, unchecked_text};
use crate::tree::{Hash, MOST_HASHES, root_of_path};

/// The name of a tenant's log: the deployment's, and the tenant. It is the origin of its checkpoints and the name that
/// they are signed under.
pub fn origin(log: &str, tenant: &TenantId) -> String {
    format!("{log}/{tenant}")
}

/// The tenant of an origin.
pub fn tenant_of(origin: &str) -> Option<TenantId> {
    origin.rsplit_once('/')?.1.parse().ok()
}

/// How a log stood: so many entries, and the root over them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// How many entries.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

impl Checkpoint {
    /// The text that is signed.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    /// Reads what [`Checkpoint::text`] writes, and nothing else: lines that extend a checkpoint are not known here.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(NoteError::Malformed);
        };
        let size = size.parse().map_err(|_| NoteError::Malformed)?;
        let root = STANDARD.decode(root).ok().and_then(|root| Hash::try_from(root).ok());
        let read = Self { origin: origin.to_owned(), size, root: root.ok_or(NoteError::Malformed)? };
        let whole = !origin.is_empty() && read.text() == text;
        whole.then_some(read).ok_or(NoteError::Malformed)
    }

    /// Reads a note that the key signed. The log signs under its own name: a note of another origin is not its.
    pub fn open(note: &str, key: &VerifierKey) -> Result<Self, NoteError> {
        let read = Self::parse(key.open(note)?)?;
        if read.origin == key.name() { Ok(read) } else { Err(NoteError::Forged) }
    }

    /// Reads a note that nobody has checked.
    pub fn unchecked(note: &str) -> Result<Self, NoteError> {
        Self::parse(unchecked_text(note)?)
    }
}

const PROOF: &str = "c2sp.org/tlog-proof@v1\n";

/// That an entry is in a log (<https://c2sp.org/tlog-proof>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inclusion {
    /// The entry's number in the tree, from 0: its place in the chain less one.
    pub index: u64,
    /// The path from it to the root: its sibling first.
    pub path: Vec<Hash>,
    /// The checkpoint's note.
    pub note: String,
}

impl Inclusion {
    /// As it is written.
    pub fn text(&self) -> String {
        let path: String = self.path.iter().map(|hash| STANDARD.encode(hash) + "\n").collect();
        format!("{PROOF}index {}\n{path}\n{}", self.index, self.note)
    }

    /// Reads what [`Inclusion::text`] writes. Data beside it is not known here.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let rest = text.strip_prefix(PROOF).ok_or(NoteError::Malformed)?;
        let (head, note) = rest.split_once("\n\n").ok_or(NoteError::Malformed)?;
        let mut lines = head.split('\n');
        let index = lines.next().and_then(|line| line.strip_prefix("index ")?.parse().ok());
        let path: Option<Vec<Hash>> = lines
            .take(MOST_HASHES + 1)
            .map(|line| STANDARD.decode(line).ok().and_then(|hash| Hash::try_from(hash).ok()))
            .collect();
        let (Some(index), Some(path)) = (index, path) else { return Err(NoteError::Malformed) };
        let read = Self { index, path, note: note.to_owned() };
        let whole = read.path.len() <= MOST_HASHES && read.text() == text;
        whole.then_some(read).ok_or(NoteError::Malformed)
    }

    /// Whether an entry with this hash is at that place in the tree of that checkpoint. The hash is one that was computed
    /// from the entry: taken as it is written, it could be a node's.
    pub fn holds(&self, hash: &Hash, checkpoint: &Checkpoint) -> bool {
        root_of_path(*hash, self.index, checkpoint.size, &self.path) == Some(checkpoint.root)
    }
}
