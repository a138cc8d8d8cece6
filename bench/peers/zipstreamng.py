"""`zipstream-ng` (LGPL-3.0-only): a tool to compare with, installed for that and linked with nothing of ours."""

import sys
from importlib.metadata import version
from pathlib import Path

from zipstream import ZIP_DEFLATED, ZIP_STORED, ZipStream

from archives import STORED, measure, members


def pack(folder: Path, level: int):
    archive = ZipStream(compress_type=ZIP_STORED)
    for path in members(folder):
        how = {} if path.suffix == STORED else {"compress_type": ZIP_DEFLATED, "compress_level": level}
        archive.add_path(path, path.name, **how)
    return archive


if __name__ == "__main__":
    measure(sys.argv[1], Path(sys.argv[2]), "zipstream-ng", version("zipstream-ng"), pack)
