"""What the peers of the row "export" share: the files, the three ways to encrypt a stream, and how a result is said.

The archive's bytes go to who encrypts them as they come, and from there to a file. Nothing is whole in memory.
"""

import io
import json
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import pyrage

from common import CHUNK, Timer
from gnupg import QUICK, gpg

# What is compressed already is stored by every tool, as it is by ours.
STORED = ".jpg"
Chunks = Iterable[bytes]


def members(folder: Path) -> list[Path]:
    return sorted((folder / "in").iterdir())


def chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(CHUNK):
            yield chunk


class Parts(io.RawIOBase):
    """An iterable of bytes as a file that is read."""

    def __init__(self, parts: Chunks) -> None:
        self.parts, self.left = iter(parts), memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, into: memoryview) -> int:
        while not self.left:
            part = next(self.parts, None)
            if part is None:
                return 0
            self.left = memoryview(part)
        size = min(len(into), len(self.left))
        into[:size], self.left = self.left[:size], self.left[size:]
        return size


def reading(parts: Chunks) -> io.BufferedReader:
    """Whoever reads gets as much as they ask for: `aws-encryption-sdk` takes less for the end."""
    return io.BufferedReader(Parts(parts), 2 * CHUNK)


# Each is made ready first, with whatever is slow to start, and then given the archive. It answers with how much memory the
# processes had that it started.
Encrypt = Callable[[Chunks], int]


@contextmanager
def age(folder: Path) -> Iterator[Encrypt]:
    me = pyrage.x25519.Recipient.from_str((folder.parent / "recipient").read_text().strip())

    def encrypt(parts: Chunks) -> int:
        with (folder / "sealed").open("wb") as target:
            pyrage.encrypt_io(reading(parts), target, [me])
        return 0

    yield encrypt


@contextmanager
def esdk(folder: Path) -> Iterator[Encrypt]:
    # Heavy: who does not use it does not pay for it.
    from esdk import stream

    def encrypt(parts: Chunks) -> int:
        with (folder / "sealed").open("wb", buffering=0) as target, stream("e", reading(parts)) as sealed:
            while chunk := sealed.read(CHUNK):
                target.write(chunk)
        return 0

    yield encrypt


@contextmanager
def gnupg(folder: Path) -> Iterator[Encrypt]:
    with gpg() as base:

        def encrypt(parts: Chunks) -> int:
            words = [*base, *QUICK, "--output", str(folder / "sealed"), "--symmetric"]
            with subprocess.Popen(words, stdin=subprocess.PIPE) as running:
                for part in parts:
                    running.stdin.write(part)
                most = peak(running.pid)
                running.stdin.close()
            if running.returncode:
                raise SystemExit(f"gpg: {running.returncode}")
            return most

        yield encrypt


def said_by_gpg() -> str:
    try:
        said = subprocess.run(["gpg", "--version"], stdout=subprocess.PIPE, text=True, check=True)
    except OSError:
        return "gpg"
    return said.stdout.splitlines()[0]


CIPHERS = {
    "age": (f"pyrage {version('pyrage')}", age),
    "esdk": (f"aws-encryption-sdk {version('aws-encryption-sdk')}", esdk),
    "gpg": (said_by_gpg(), gnupg),
}


def peak(process: int | str = "self") -> int:
    """The most memory that a process had resident, in bytes; 0 if it is gone."""
    try:
        said = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", said)
    return int(found[1]) * 1024 if found else 0


def measure(job: str, folder: Path, name: str, number: str, pack: Callable[[Path, int], Chunks], beside=lambda: 0) -> None:
    """Does `cipher-level`, and says how long it took, what came out and how much memory it had, its children's included."""
    cipher, level = job.split("-")
    title, ready = CIPHERS[cipher]
    size = sum(path.stat().st_size for path in members(folder))
    with ready(folder) as encrypt, Timer() as timer:
        most = encrypt(pack(folder, int(level)))
    said = {
        "tool": f"{name}, {title.split()[0]}, level {level}",
        "version": f"{name} {number}, {title}",
        "what": folder.name,
        "count": size,
        "seconds": timer.seconds,
        "sealed": (folder / "sealed").stat().st_size,
        "peak": peak() + most + beside(),
    }
    print(json.dumps(said))
