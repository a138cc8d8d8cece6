"""Info-ZIP's `zip`, which writes to a pipe: a process beside the one that encrypts."""

import subprocess
import sys
from pathlib import Path

from archives import STORED, measure, peak
from common import CHUNK

HIGHEST = [0]
NUMBER = "3.0"


def pack(folder: Path, level: int):
    words = ["zip", "-q", "-r", f"-{level}", "-n", STORED, "-", "."]
    with subprocess.Popen(words, cwd=folder / "in", stdout=subprocess.PIPE, bufsize=0) as running:
        count = 0
        while chunk := running.stdout.read(CHUNK):
            # It is asked now and then, since nobody can be asked once it has ended.
            if count % 256 == 0:
                HIGHEST[0] = max(HIGHEST[0], peak(running.pid))
            count += 1
            yield chunk
    if running.returncode:
        raise SystemExit(f"zip: {running.returncode}")


if __name__ == "__main__":
    measure(sys.argv[1], Path(sys.argv[2]), "zip", NUMBER, pack, lambda: HIGHEST[0])
