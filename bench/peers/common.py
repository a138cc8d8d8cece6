"""What the peers share: the input, the clock, and how a result is said."""

import hashlib
import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path

FIELD = 64
RECORD = 1024
CHUNK = 64 * 1024
TENANT, PURPOSE, NAME = "demo", "subject", "email"


def pieces(folder: Path, size: int, count: int) -> list[bytes]:
    """The first pieces of the input, all of one size."""
    with (folder / "input").open("rb") as file:
        return [file.read(size) for _ in range(count)]


def digest(parts: Iterable[bytes]) -> str:
    hashed = hashlib.sha256()
    for part in parts:
        hashed.update(part)
    return hashed.hexdigest()


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return digest(iter(lambda: file.read(1 << 20), b""))


def say(tool: str, version: str, what: str, count: int, seconds: float, **checked: object) -> None:
    """One result. `digest` and `bytes` are checked against the input by who asked."""
    print(json.dumps({"tool": tool, "version": version, "what": what, "count": count, "seconds": seconds, **checked}))


class Timer:
    """Seconds between entering and leaving."""

    def __enter__(self) -> "Timer":
        self.begun = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.perf_counter() - self.begun


def files(tool: str, version: str, folder: Path, seal, unseal, what: str = "disk") -> None:
    """Seals the input's file to another and opens that to a third; each of the two is timed."""
    plain, sealed, opened = (folder / name for name in ("input", "sealed", "opened"))
    size = plain.stat().st_size
    try:
        with Timer() as sealing:
            seal(plain, sealed)
        say(tool, version, f"{what} seal", size, sealing.seconds)
        with Timer() as opening:
            unseal(sealed, opened)
        say(tool, version, f"{what} open", size, opening.seconds, bytes=size, digest=file_digest(opened))
    finally:
        sealed.unlink(missing_ok=True)
        opened.unlink(missing_ok=True)


def main(**jobs) -> None:
    """Does the job that the command line names, in the folder that it names."""
    job, folder = sys.argv[1:3]
    jobs[job](Path(folder))
