"""`gpg --symmetric`: AES-256, no compression, and a password that is stretched as little as gpg allows.

It knows files only. Its "memory" is files in a tmpfs.
"""

import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

from common import files, main

TOOL = "gpg --symmetric"
QUICK = ["--cipher-algo", "AES256", "--compress-algo", "none", "--s2k-mode", "3", "--s2k-count", "1024"]
TMPFS = Path("/dev/shm")


@contextmanager
def gpg():
    """Its command line, with a home and an agent of its own that are gone afterwards."""
    home = tempfile.mkdtemp(prefix="bench-gpg-")
    secret = ["--batch", "--yes", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "correct horse"]
    base = ["gpg", "--homedir", home, *secret, "--no-symkey-cache"]

    try:
        # The agent is started, and the key ring made, before anything is timed.
        subprocess.run([*base, *QUICK, "--symmetric"], input=b"warm", stdout=subprocess.DEVNULL, check=True)
        yield base
    finally:
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "gpg-agent"], check=False)
        shutil.rmtree(home, ignore_errors=True)


def through(folder: Path, what: str) -> None:
    said = subprocess.run(["gpg", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    version = ", ".join(line for line in said[:2])
    with gpg() as base:

        def run(*words: object) -> None:
            subprocess.run([*base, *map(str, words)], check=True)

        files(
            TOOL,
            version,
            folder,
            lambda source, target: run(*QUICK, "--output", target, "--symmetric", source),
            lambda source, target: run("--output", target, "--decrypt", source),
            what,
        )


def disk(folder: Path) -> None:
    through(folder, "disk")


def memory(folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-", dir=TMPFS) as name:
        shutil.copyfile(folder / "input", Path(name) / "input")
        through(Path(name), "memory")


if __name__ == "__main__":
    main(disk=disk, memory=memory)
