"""The company of the demonstration: a music shop, its data as a company would have them, in stores that are not Lacuna's.

Real data (seed/, see the licence there) in DynamoDB; tickets and avatars in S3 and a CRM copy in SQLite are made up
around them, always the same: nothing here is random between two runs.
"""

import csv
import json
import random
import sqlite3
import struct
import zlib
from collections import defaultdict
from decimal import Decimal

from settings import LOCAL, SEED, client

TABLES = {
    "shop-customers": {"pk": ("CustomerId", "N"), "index": ("by-email", "Email", "S")},
    "shop-employees": {"pk": ("EmployeeId", "N"), "index": ("by-email", "Email", "S")},
    "shop-invoices": {"pk": ("InvoiceId", "N"), "index": ("by-customer", "CustomerId", "N")},
    # No index: a line is found through its invoice, or not at all.
    "shop-invoice-lines": {"pk": ("InvoiceId", "N"), "sk": ("InvoiceLineId", "N")},
}
NUMBERS = {"CustomerId", "EmployeeId", "InvoiceId", "InvoiceLineId", "SupportRepId", "ReportsTo", "TrackId", "Quantity", "UnitPrice", "Total"}
BUCKET = "shop-support"
CRM = LOCAL / "crm.sqlite"
TOPICS = ("a download that stopped halfway", "an invoice in the wrong currency", "a voucher that was refused", "a changed address")
CHANNELS = ("phone", "mail", "chat")

CRM_SCHEMA = """
CREATE TABLE contacts (
    contact_id TEXT PRIMARY KEY, customer_id INTEGER NOT NULL, email TEXT, full_name TEXT, phone TEXT, company TEXT,
    suppressed INTEGER NOT NULL DEFAULT 0);
CREATE INDEX contacts_by_email ON contacts (email);
CREATE INDEX contacts_by_customer ON contacts (customer_id);
CREATE TABLE interactions (
    interaction_id INTEGER PRIMARY KEY, contact_id TEXT NOT NULL, at TEXT NOT NULL, channel TEXT NOT NULL, note TEXT);
CREATE INDEX interactions_by_contact ON interactions (contact_id);
CREATE TABLE revenue_by_customer (
    customer_id INTEGER NOT NULL, year INTEGER NOT NULL, total NUMERIC NOT NULL, PRIMARY KEY (customer_id, year));
"""


def rows(name: str) -> list[dict[str, str]]:
    """A seed file's rows. An absent value is absent, not empty."""
    with open(SEED / f"{name}.csv", encoding="utf-8", newline="") as file:
        return [{k: v for k, v in row.items() if v != ""} for row in csv.DictReader(file)]


def _item(row: dict[str, str]) -> dict:
    return {k: {"N" if k in NUMBERS else "S": v} for k, v in row.items()}


def _create_table(dynamodb, name: str, shape: dict) -> None:
    keys = [shape["pk"]] + ([shape["sk"]] if "sk" in shape else [])
    attributes = list(keys)
    arguments = {}
    if "index" in shape:
        index, attribute, kind = shape["index"]
        attributes.append((attribute, kind))
        arguments["GlobalSecondaryIndexes"] = [
            {
                "IndexName": index,
                "KeySchema": [{"AttributeName": attribute, "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ]
    try:
        dynamodb.delete_table(TableName=name)
        dynamodb.get_waiter("table_not_exists").wait(TableName=name)
    except dynamodb.exceptions.ResourceNotFoundException:
        pass
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": t} for n, t in attributes],
        KeySchema=[{"AttributeName": n, "KeyType": "HASH" if i == 0 else "RANGE"} for i, (n, _) in enumerate(keys)],
        **arguments,
    )
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})


def put_all(dynamodb, table: str, items: list[dict]) -> None:
    for start in range(0, len(items), 25):
        pending = {table: [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]}
        while pending:
            pending = dynamodb.batch_write_item(RequestItems=pending).get("UnprocessedItems", {})


def load_tables() -> int:
    dynamodb = client("dynamodb")
    count = 0
    for name, shape in TABLES.items():
        items = [_item(row) for row in rows(name.removeprefix("shop-"))]
        _create_table(dynamodb, name, shape)
        put_all(dynamodb, name, items)
        count += len(items)
    return count


def _png(seed: int) -> bytes:
    """A valid 16 by 16 picture whose colours are the customer's number."""
    colours = random.Random(f"avatar-{seed}")
    line = b"".join(b"\0" + bytes(colours.randrange(256) for _ in range(48)) for _ in range(16))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(line)) + chunk(b"IEND", b"")


def _ticket(number: int, customer: dict, rep: dict, topic: str, status: str) -> bytes:
    name = f"{customer['FirstName']} {customer['LastName']}"
    agent = f"{rep['FirstName']} {rep['LastName']}"
    body = {
        "ticket_id": f"T{number:04}",
        "customer_id": int(customer["CustomerId"]),
        "from": {"name": name, "email": customer["Email"]},
        "assigned_to": {"name": agent, "email": rep["Email"]},
        "status": status,
        "messages": [f"{name} <{customer['Email']}> wrote about {topic}.", f"{agent} answered {customer['FirstName']}."],
    }
    return json.dumps(body, ensure_ascii=False).encode()


def empty_bucket(s3) -> None:
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET)
    for page in pages:
        for entry in page.get("Versions", []) + page.get("DeleteMarkers", []):
            s3.delete_object(Bucket=BUCKET, Key=entry["Key"], VersionId=entry["VersionId"])


def load_bucket() -> int:
    """Tickets, some of them overwritten or deleted so that only older versions hold the text, and avatars."""
    s3 = client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    empty_bucket(s3)
    reps = {row["EmployeeId"]: row for row in rows("employees")}
    chance = random.Random("tickets")
    count = number = 0
    for customer in rows("customers"):
        cid = customer["CustomerId"]
        # The customer of the examples always has three: one as it was, one overwritten, one deleted.
        for turn in range(3 if cid == "1" else chance.randrange(4)):
            number += 1
            key = f"tickets/{cid}/T{number:04}.json"
            topic = chance.choice(TOPICS)
            s3.put_object(Bucket=BUCKET, Key=key, Body=_ticket(number, customer, reps[customer["SupportRepId"]], topic, "open"))
            if turn == 1:
                s3.put_object(Bucket=BUCKET, Key=key, Body=_ticket(number, customer, reps[customer["SupportRepId"]], topic, "closed"))
            if turn == 2:
                s3.delete_object(Bucket=BUCKET, Key=key)
            count += 1
        s3.put_object(Bucket=BUCKET, Key=f"avatars/{cid}.png", Body=_png(int(cid)), ContentType="image/png")
        count += 1
    return count


def load_crm() -> int:
    """The CRM. A rollback journal, not WAL: a deleted row must not live on in a second file."""
    CRM.parent.mkdir(parents=True, exist_ok=True)
    for suffix in ("", "-journal", "-wal", "-shm"):
        CRM.with_name(CRM.name + suffix).unlink(missing_ok=True)
    revenue: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    for invoice in rows("invoices"):
        revenue[int(invoice["CustomerId"]), int(invoice["InvoiceDate"][:4])] += Decimal(invoice["Total"])
    chance = random.Random("crm")
    crm = sqlite3.connect(CRM)
    crm.execute("PRAGMA journal_mode = DELETE")
    crm.executescript(CRM_SCHEMA)
    for customer in rows("customers"):
        cid = int(customer["CustomerId"])
        contact, name = f"C-{7000 + cid}", f"{customer['FirstName']} {customer['LastName']}"
        crm.execute(
            "INSERT INTO contacts (contact_id, customer_id, email, full_name, phone, company) VALUES (?, ?, ?, ?, ?, ?)",
            (contact, cid, customer["Email"], name, customer.get("Phone"), customer.get("Company")),
        )
        for _ in range(1 + chance.randrange(4)):
            at = f"2025-{1 + chance.randrange(12):02}-{1 + chance.randrange(28):02}T{8 + chance.randrange(10):02}:00:00Z"
            note = f"Spoke with {name} about {chance.choice(TOPICS)}; will write to {customer['Email']}."
            crm.execute(
                "INSERT INTO interactions (contact_id, at, channel, note) VALUES (?, ?, ?, ?)",
                (contact, at, chance.choice(CHANNELS), note),
            )
    crm.executemany(
        "INSERT INTO revenue_by_customer (customer_id, year, total) VALUES (?, ?, ?)",
        [(cid, year, float(total)) for (cid, year), total in sorted(revenue.items())],
    )
    crm.commit()
    count = sum(crm.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("contacts", "interactions", "revenue_by_customer"))
    crm.close()
    return count


def stats() -> dict:
    """What an erasure must not change: how many customers there are, and what was sold in which year."""
    dynamodb = client("dynamodb")
    customers, revenue = set(), defaultdict(Decimal)
    for page in dynamodb.get_paginator("scan").paginate(TableName="shop-invoices"):
        for item in page["Items"]:
            customers.add(json.dumps(item["CustomerId"], sort_keys=True))
            revenue[item["InvoiceDate"]["S"][:4]] += Decimal(item["Total"]["N"])
    crm = sqlite3.connect(f"file:{CRM}?mode=ro", uri=True)
    held = crm.execute("SELECT count(DISTINCT customer_id) FROM revenue_by_customer").fetchone()[0]
    by_year = crm.execute("SELECT year, sum(total) FROM revenue_by_customer GROUP BY year ORDER BY year").fetchall()
    crm.close()
    return {
        "invoices": {"customers": len(customers), "revenue": {year: f"{total:.2f}" for year, total in sorted(revenue.items())}},
        "crm": {"customers": held, "revenue": {str(year): f"{total:.2f}" for year, total in by_year}},
    }


def hidden(email: str) -> dict:
    """How many of a customer's records are flagged as hidden, by store."""
    dynamodb = client("dynamodb")
    flagged = 0
    for page in dynamodb.get_paginator("scan").paginate(TableName="shop-customers"):
        flagged += sum(item["Email"]["S"] == email and item.get("Suppressed") == {"BOOL": True} for item in page["Items"])
    crm = sqlite3.connect(f"file:{CRM}?mode=ro", uri=True)
    contacts = crm.execute("SELECT count(*) FROM contacts WHERE email = ? AND suppressed = 1", (email,)).fetchone()[0]
    crm.close()
    return {"shop": flagged, "crm": contacts}
