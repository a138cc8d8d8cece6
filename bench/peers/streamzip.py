"""`stream-zip`: an archive of which nothing is known beforehand, with 64-bit lengths."""

import sys
import zlib
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from stream_zip import NO_COMPRESSION_64, ZIP_64, stream_zip

from archives import STORED, chunks, measure, members

MADE = datetime(2026, 3, 2, 10, 30)


def pack(folder: Path, level: int):
    # A file that is stored it holds in memory: it writes the checksum first.
    every = (
        (path.name, MADE, 0o644, NO_COMPRESSION_64 if path.suffix == STORED else ZIP_64, chunks(path)) for path in members(folder)
    )
    return stream_zip(every, get_compressobj=lambda: zlib.compressobj(wbits=-zlib.MAX_WBITS, level=level))


if __name__ == "__main__":
    measure(sys.argv[1], Path(sys.argv[2]), "stream-zip", version("stream-zip"), pack)
