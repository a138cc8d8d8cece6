"""Runs the reader of docs/vault-format.md over the cases that tests/it/vault_format.rs made.

One line of JSON for each case: the digest of what opened, or the error's name.
"""

import hashlib
import importlib.util
import json
import sys
import tracemalloc
from pathlib import Path

folder = Path(sys.argv[1])
spec = importlib.util.spec_from_file_location("reader", folder / "reader.py")
reader = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reader)


def opened(case: dict) -> str:
    key = (bytes.fromhex(case["material"]), case["version"], case["context"])
    digest = hashlib.sha256()
    if case["shape"] == "stream":
        with (folder / case["file"]).open("rb") as file:
            for plain in reader.open_stream(file, *key):
                digest.update(plain)
    elif case["shape"] == "file":
        material, version, (tenant, _, name) = key
        with (folder / case["file"]).open("rb") as file:
            for plain in reader.open_file(file, name, material, version, tenant):
                digest.update(plain)
    elif case["shape"] == "message":
        digest.update(reader.open_message((folder / case["file"]).read_bytes(), *key))
    else:
        header, field = ((folder / case[part]).read_bytes() for part in ("file", "field"))
        digest.update(reader.open_field(header, field, case["name"], *key))
    return digest.hexdigest()


def answer(case: dict) -> dict:
    tracemalloc.start()
    try:
        said = {"opened": opened(case)}
    except ValueError as error:
        said = {"refused": str(error)}
    said["peak"] = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return said


for line in (folder / "cases").read_text().splitlines():
    print(json.dumps(answer(json.loads(line))))
