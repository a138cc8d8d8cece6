"""Publishes the catalog: an immutable object, named by the hash of its canonical bytes."""

import json
import subprocess
from hashlib import sha256

import yaml

from settings import ROOT, Wrong

SOURCE = ROOT / "localstack" / "catalog.yaml"
TOOL = ROOT / "target" / "debug" / "lacuna"


def canonical() -> bytes:
    """The checked catalog as canonical JSON, written by the tool that every owner uses."""
    if not TOOL.exists():
        return json.dumps(yaml.safe_load(SOURCE.read_text()), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    done = subprocess.run([TOOL, "catalog", "check", "--json", SOURCE], capture_output=True, check=False)
    if done.returncode != 0:
        raise Wrong(f"the catalog is not valid:\n{done.stderr.decode(errors='replace').strip()}")
    return done.stdout.strip()


def version(content: bytes) -> str:
    return sha256(content).hexdigest()


def publish(s3, bucket: str, content: bytes) -> str:
    """Uploads it, and answers its key."""
    key = f"catalog/{version(content)}.json"
    s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType="application/json")
    return key
