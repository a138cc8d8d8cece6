"""Publishes the catalog: an immutable object, named by the hash of its canonical bytes."""

import subprocess
from hashlib import sha256

from settings import LOCAL, ROOT, Wrong

SOURCE = ROOT / "localstack" / "catalog.yaml"
TOOL = ROOT / "target" / "debug" / "lacuna"


def canonical() -> bytes:
    """The checked catalog as canonical JSON, written by the tool that every owner uses."""
    published = LOCAL / "catalog.json"
    published.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([TOOL, "catalog", "check", SOURCE, "--out", published], capture_output=True, check=False)
    if done.returncode != 0:
        raise Wrong(f"the catalog is not valid:\n{(done.stdout + done.stderr).decode(errors='replace').strip()}")
    return published.read_bytes()


def version(content: bytes) -> str:
    return sha256(content).hexdigest()


def publish(s3, bucket: str, content: bytes) -> str:
    """Uploads it, and answers its key."""
    key = f"catalog/{version(content)}.json"
    s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType="application/json")
    return key
