"""What the peers of the row "audit" share: an export's lines, and the two ways of making entries."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

ENTRY, CHECKPOINT = b'{"entry":', b'{"checkpoint":'
GENESIS = "0" * 64
# ,"hash":"<64>"} and a line feed
AFTER = -(9 + 64 + 3)


def lines(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=1 << 16) as file:
        yield from file


def contents(path: Path) -> list[bytes]:
    """What each entry's leaf is of."""
    return [line[len(ENTRY) : AFTER] for line in lines(path) if line.startswith(ENTRY)]


def entries(path: Path) -> list[dict]:
    """Each entry as it was before it was chained."""
    read = map(json.loads, contents(path))
    return [{**entry, "prev_hash": None} for entry in read]


def chained(all_: list[dict], hashed: Callable[[bytes], bytes]) -> bytes:
    """Writes each entry after the one before, and gives the last one's hash. The fields are in order: they need not be
    sorted."""
    write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    previous, last = GENESIS, b""
    for entry in all_:
        entry["prev_hash"] = previous
        last = hashed(write(entry).encode())
        previous = last.hex()
    return last
