"""Publishes catalogs: immutable objects, named by the hash of their canonical bytes."""

import subprocess
from hashlib import sha256
from pathlib import Path

from settings import LOCAL, ROOT, Wrong

SOURCE = ROOT / "localstack" / "catalog.yaml"
# Of the tenant that has stores of its own.
ARCHIVE = ROOT / "localstack" / "archive.yaml"
TOOL = ROOT / "target" / "debug" / "lacuna"


def canonical(source: Path = SOURCE) -> bytes:
    """The checked catalog as canonical JSON, written by the tool that every owner uses."""
    published = LOCAL / f"{source.stem}.json"
    published.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([TOOL, "catalog", "check", source, "--out", published], capture_output=True, check=False)
    if done.returncode != 0:
        raise Wrong(f"{source.name} is not valid:\n{(done.stdout + done.stderr).decode(errors='replace').strip()}")
    return published.read_bytes()


def version(content: bytes) -> str:
    return sha256(content).hexdigest()


def publish(s3, bucket: str, content: bytes) -> str:
    """Uploads it, and answers its key."""
    key = f"catalog/{version(content)}.json"
    s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType="application/json")
    return key
