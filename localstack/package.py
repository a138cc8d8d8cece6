"""Lays the built binaries out as cargo-lambda does (target/lambda/<function>/bootstrap), and zips them."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from settings import LAMBDAS, LOCAL, ROOT, Wrong, run

BUILT = ROOT / "target" / "debug"
ZIPS = LOCAL / "zips"


def lay_out(built: Path = BUILT) -> int:
    """Puts each function's binary where the template looks for it, by hard link: nothing is copied."""
    names = sorted(folder.name for folder in (ROOT / "functions").iterdir() if (folder / "Cargo.toml").exists())
    missing = [name for name in names if not (built / name).exists()]
    if missing:
        raise Wrong(f"not built: {', '.join(missing)}; run make build first")
    for name in names:
        bootstrap = LAMBDAS / name / "bootstrap"
        if bootstrap.exists() and bootstrap.samefile(built / name):
            continue
        bootstrap.parent.mkdir(parents=True, exist_ok=True)
        bootstrap.unlink(missing_ok=True)
        try:
            os.link(built / name, bootstrap)
        except OSError:
            shutil.copy2(built / name, bootstrap)
    return len(names)


def _fingerprint(bootstrap: Path) -> str:
    seen = bootstrap.stat()
    return f"{seen.st_size:x}-{seen.st_mtime_ns:x}"


def zipped(folder: Path) -> Path:
    """The zip of one function, made again only if its binary changed. Its name changes with its content."""
    bootstrap = folder / "bootstrap"
    if not bootstrap.exists():
        raise Wrong(f"{bootstrap.relative_to(ROOT)} is missing; run make build first")
    target = ZIPS / f"{folder.name}-{_fingerprint(bootstrap)}.zip"
    if target.exists():
        return target
    ZIPS.mkdir(parents=True, exist_ok=True)
    for old in ZIPS.glob(f"{folder.name}-*-*.zip"):
        if old.name.rsplit("-", 2)[0] == folder.name:
            old.unlink()
    partial = target.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(entry, _stripped(bootstrap))
    partial.rename(target)
    return target


def _stripped(bootstrap: Path) -> bytes:
    """Without symbols, a debug binary is a fifth of its size: they are uploaded, unzipped and started often."""
    if shutil.which("strip") is None:
        return bootstrap.read_bytes()
    copy = ZIPS / f"{bootstrap.parent.name}.stripped"
    try:
        done = subprocess.run(["strip", "-o", str(copy), str(bootstrap)], capture_output=True, check=False)
        # Not an executable of this machine's kind (built for another architecture): as it is, then.
        return copy.read_bytes() if done.returncode == 0 else bootstrap.read_bytes()
    finally:
        copy.unlink(missing_ok=True)


def main() -> int:
    built = Path(sys.argv[1]) if len(sys.argv) > 1 else BUILT
    print(f"functions: {lay_out(built)} laid out in {LAMBDAS.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    run(main)
