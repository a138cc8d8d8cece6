"""A chain of hashes with Python's own `hashlib`: what one writes in an afternoon. It has no tree and no checkpoints."""

import platform
import ssl
from hashlib import sha256
from pathlib import Path

from common import Timer, main, say
from entries import AFTER, ENTRY, GENESIS, chained, contents, entries, lines

TOOL = "hashlib, a chain"
VERSION = f"Python {platform.python_version()}, {ssl.OPENSSL_VERSION}"


def told(what: str, count: int, timer: Timer, last: str) -> None:
    say(TOOL, VERSION, what, count, timer.seconds, bytes=count, digest=last)


def leaf(content: bytes) -> bytes:
    """An entry's hash: that of a leaf (RFC 6962)."""
    return sha256(b"\0" + content).digest()


def verify(folder: Path) -> None:
    """Each entry has the hash that it says, and names the one before."""
    previous, count = GENESIS.encode(), 0
    with Timer() as timer:
        for line in lines(folder / "log"):
            if not line.startswith(ENTRY):
                continue
            count += 1
            content = line[len(ENTRY) : AFTER]
            own = leaf(content).hex().encode()
            if line[-67:-3] != own or not content.endswith(b',"prev_hash":"%b","seq":%d}' % (previous, count)):
                raise SystemExit(f"entry {count} is broken")
            previous = own
    told("verify", count, timer, previous.decode())


def add(folder: Path) -> None:
    given, last = contents(folder / "short"), b""
    with Timer() as timer:
        for content in given:
            last = leaf(content)
    told("add", len(given), timer, last.hex())


def append(folder: Path) -> None:
    given = entries(folder / "short")
    with Timer() as timer:
        last = chained(given, leaf)
    told("append", len(given), timer, last.hex())


if __name__ == "__main__":
    main(verify=verify, add=add, append=append)
