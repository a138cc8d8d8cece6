"""`age`, by the package `pyrage`: the Rust implementation rage, compiled; one X25519 recipient, so no slow password."""

from importlib.metadata import version
from pathlib import Path

import pyrage

from common import Timer, digest, files, main, say

TOOL = "age (rage, by pyrage)"
VERSION = f"pyrage {version('pyrage')}"


def disk(folder: Path) -> None:
    me = pyrage.x25519.Identity.generate()
    files(
        TOOL,
        VERSION,
        folder,
        lambda source, target: pyrage.encrypt_file(str(source), str(target), [me.to_public()]),
        lambda source, target: pyrage.decrypt_file(str(source), str(target), [me]),
    )


def memory(folder: Path) -> None:
    me = pyrage.x25519.Identity.generate()
    plain = (folder / "input").read_bytes()
    with Timer() as sealing:
        sealed = pyrage.encrypt(plain, [me.to_public()])
    say(TOOL, VERSION, "memory seal", len(plain), sealing.seconds)
    with Timer() as opening:
        opened = pyrage.decrypt(sealed, [me])
    say(TOOL, VERSION, "memory open", len(plain), opening.seconds, bytes=len(plain), digest=digest([opened]))


if __name__ == "__main__":
    main(disk=disk, memory=memory)
