"""Opens what somebody sealed, unpacks it with Python's own `zipfile`, and says the SHA-256 of every file, as one digest.

`unpack.py age|esdk|gpg FOLDER`. Our own package has three files more; what its manifest says is compared too.
"""

import hashlib
import json
import platform
import subprocess
import sys
import zipfile
from pathlib import Path

import pyrage

from common import CHUNK, Timer, say
from gnupg import gpg

OURS = {"index.html", "manifest.json", "manifest.jws"}


def decrypt(how: str, folder: Path) -> Path:
    sealed, opened = folder / "sealed", folder / "opened"
    if how == "age":
        me = pyrage.x25519.Identity.from_str((folder.parent / "identity").read_text().strip())
        pyrage.decrypt_file(str(sealed), str(opened), [me])
    elif how == "gpg":
        with gpg() as base:
            subprocess.run([*base, "--output", str(opened), "--decrypt", str(sealed)], check=True)
    else:
        from esdk import stream

        with sealed.open("rb") as reading, opened.open("wb", buffering=0) as writing, stream("d", reading) as chunks:
            while chunk := chunks.read(CHUNK):
                writing.write(chunk)
    return opened


def digests(archive: zipfile.ZipFile) -> dict[str, str]:
    found = {}
    for entry in archive.infolist():
        if entry.is_dir():
            continue
        with archive.open(entry) as file:
            found[entry.filename] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def main(how: str, folder: Path) -> None:
    with Timer() as timer:
        opened = decrypt(how, folder)
        with zipfile.ZipFile(opened) as archive:
            found = digests(archive)
    try:
        with zipfile.ZipFile(opened) as archive:
            if "manifest.json" in found:
                manifest = json.loads(archive.read("manifest.json"))
                said = {file["path"]: file["sha256"] for file in manifest["files"]}
                if any(found.get(path) != sha256 for path, sha256 in said.items()):
                    raise SystemExit("the manifest says another digest of a file than it has")
            size = sum(entry.file_size for entry in archive.infolist() if entry.filename not in OURS)
    finally:
        opened.unlink(missing_ok=True)
    # Folders differ between the tools, names do not.
    lines = sorted(f"{path.rsplit('/', 1)[-1]} {sha256}\n" for path, sha256 in found.items() if path not in OURS)
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    what = f"unpacked, {folder.name}"
    say("unpack", f"zipfile of Python {platform.python_version()}", what, size, timer.seconds, bytes=size, digest=digest)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
