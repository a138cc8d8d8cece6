"""Backups of the shop's stores, as their owners would make them: Lacuna knows nothing of these.

    backup.py take <folder>   copies every store as it is: tables, objects with all their versions, the CRM
    backup.py load <folder>   puts the copies back over what is there now
    backup.py show            every record of every store by its name, as JSON
"""

import base64
import json
import sqlite3
import sys
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import shop
from settings import Wrong, client, run

CRM_KEYS = {"contacts": ["contact_id"], "interactions": ["interaction_id"], "revenue_by_customer": ["customer_id", "year"]}


def _items(dynamodb, table: str) -> list[dict]:
    return [item for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True) for item in page["Items"]]


def _key(table: str, item: dict) -> dict:
    shape = shop.TABLES[table]
    return {shape[part][0]: item[shape[part][0]] for part in ("pk", "sk") if part in shape}


def _name(table: str, item: dict) -> str:
    return " ".join([table, *(value for typed in _key(table, item).values() for value in typed.values())])


def _versions(s3) -> list[dict]:
    """Every version and every deletion, the oldest first."""
    versions, deletions = [], []
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=shop.BUCKET):
        versions += page.get("Versions", [])
        deletions += page.get("DeleteMarkers", [])
    # Listed newest first; of one second, a deletion is the later one.
    return sorted(versions[::-1] + deletions[::-1], key=lambda entry: entry["LastModified"])


def _objects(s3) -> list[dict]:
    objects = []
    for entry in _versions(s3):
        if "Size" not in entry:
            objects.append({"key": entry["Key"], "body": None})
            continue
        got = s3.get_object(Bucket=shop.BUCKET, Key=entry["Key"], VersionId=entry["VersionId"])
        body = base64.b64encode(got["Body"].read()).decode()
        objects.append({"key": entry["Key"], "body": body, "type": got["ContentType"]})
    return objects


def take(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    dynamodb, s3 = client("dynamodb"), client("s3")
    tables = {table: _items(dynamodb, table) for table in shop.TABLES}
    (folder / "tables.json").write_text(json.dumps(tables))
    (folder / "objects.json").write_text(json.dumps(_objects(s3)))
    with closing(sqlite3.connect(shop.CRM)) as crm, closing(sqlite3.connect(folder / "crm.sqlite")) as copy:
        crm.backup(copy)


def load(folder: Path) -> None:
    dynamodb, s3 = client("dynamodb"), client("s3")
    for table, items in json.loads((folder / "tables.json").read_text()).items():
        kept = {_name(table, item) for item in items}
        for item in _items(dynamodb, table):
            if _name(table, item) not in kept:
                dynamodb.delete_item(TableName=table, Key=_key(table, item))
        shop.put_all(dynamodb, table, items)
    shop.empty_bucket(s3)
    for entry in json.loads((folder / "objects.json").read_text()):
        if entry["body"] is None:
            s3.delete_object(Bucket=shop.BUCKET, Key=entry["key"])
        else:
            body = base64.b64decode(entry["body"])
            s3.put_object(Bucket=shop.BUCKET, Key=entry["key"], Body=body, ContentType=entry["type"])
    # Into the file that is there: whoever has it open reads the restored one.
    with closing(sqlite3.connect(folder / "crm.sqlite")) as copy, closing(sqlite3.connect(shop.CRM)) as crm:
        copy.backup(crm)


def show() -> dict:
    """Each record by collection and key; an object by its versions, each by its hash."""
    dynamodb, s3 = client("dynamodb"), client("s3")
    records = {}
    for table in shop.TABLES:
        for item in _items(dynamodb, table):
            records[_name(table, item)] = {name: value for name, typed in item.items() for value in typed.values()}
    for entry in _objects(s3):
        version = "deleted" if entry["body"] is None else sha256(base64.b64decode(entry["body"])).hexdigest()
        records.setdefault(f"{shop.BUCKET} {entry['key']}", []).append(version)
    with closing(sqlite3.connect(f"file:{shop.CRM}?mode=ro", uri=True)) as crm:
        crm.row_factory = sqlite3.Row
        for table, keys in CRM_KEYS.items():
            for row in crm.execute(f"SELECT * FROM {table}"):
                records[" ".join([table, *(str(row[key]) for key in keys)])] = dict(row)
    return records


def main() -> int:
    verb, rest = (sys.argv[1] if len(sys.argv) > 1 else ""), sys.argv[2:]
    if verb == "take" and rest:
        take(Path(rest[0]))
    elif verb == "load" and rest:
        load(Path(rest[0]))
    elif verb == "show":
        print(json.dumps(show(), indent=1, sort_keys=True))
    else:
        raise Wrong("say what to do: backup.py take <folder> | load <folder> | show")
    return 0


if __name__ == "__main__":
    run(main)
