"""Opens a package that a person fetched, and compares it with the company's stores: with other eyes than what made it.

    package.py same <zip> <email>   every record and file of the package is what the stores say, and nothing is missing
    package.py left <request>       what is still there of a request's packages and their key, one line each
    package.py tell <key>           says twice, as CloudTrail does, that an object was downloaded; what was answered, as JSON
    package.py letters <email>      the text of every letter that was sent to an address, as JSON
"""

import csv
import io
import json
import re
import sqlite3
import sys
import urllib.request
import zipfile
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "localstack"))

import shop  # noqa: E402
from deploy import outputs  # noqa: E402
from settings import Wrong, client, endpoint, run  # noqa: E402

MASK = "[another person's]"


def _whole(number) -> str:
    """A number as one text, however it was written."""
    return format(Decimal(str(number)).normalize(), "f")


def _item(item: dict) -> dict[str, str]:
    return {name: _whole(value) if kind == "N" else str(value) for name, typed in item.items() for kind, value in typed.items()}


def _scan(table: str, wanted) -> list[dict[str, str]]:
    pages = client("dynamodb").get_paginator("scan").paginate(TableName=table)
    return [found for page in pages for found in map(_item, page["Items"]) if wanted(found)]


def _rows(query: str, *values) -> list[dict[str, str]]:
    crm = sqlite3.connect(f"file:{shop.CRM}?mode=ro", uri=True)
    crm.row_factory = sqlite3.Row
    rows = crm.execute(query, values).fetchall()
    crm.close()
    text = {str: str, int: _whole, float: _whole}
    return [{k: text[type(row[k])](row[k]) for k in row.keys() if row[k] is not None} for row in rows]


def stored(email: str) -> dict[str, list[dict[str, str]]]:
    """What the stores have of a customer, by collection."""
    customers = _scan("shop-customers", lambda item: item["Email"] == email)
    if len(customers) != 1:
        raise Wrong(f"{len(customers)} customers have {email}")
    number = customers[0]["CustomerId"]
    # Who looks after them is somebody else.
    customers[0]["SupportRepId"] = MASK
    invoices = _scan("shop-invoices", lambda item: item["CustomerId"] == number)
    bills = {invoice["InvoiceId"] for invoice in invoices}
    contacts = _rows("SELECT * FROM contacts WHERE email = ? OR customer_id = ?", email, int(number))
    return {
        "shop/customers": customers,
        "shop/invoices": invoices,
        "shop/invoice-lines": _scan("shop-invoice-lines", lambda item: item["InvoiceId"] in bills),
        "crm/contacts": contacts,
        "crm/interactions": _rows("SELECT * FROM interactions WHERE contact_id IN (SELECT contact_id FROM contacts WHERE email = ?)", email),
        "crm/revenue_by_customer": _rows("SELECT * FROM revenue_by_customer WHERE customer_id = ?", int(number)),
    }


def objects(number: str) -> dict[str, list[bytes]]:
    """Every version of every object of a customer, by collection, with the employees in it masked."""
    s3 = client("s3")
    named = [text for row in shop.rows("employees") for text in (row["Email"], f"{row['FirstName']} {row['LastName']}")]
    found: dict[str, list[bytes]] = {}
    for collection, prefix in (("support/tickets", f"tickets/{number}/"), ("support/avatars", f"avatars/{number}.png")):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=shop.BUCKET, Prefix=prefix):
            for version in page.get("Versions", []):
                body = s3.get_object(Bucket=shop.BUCKET, Key=version["Key"], VersionId=version["VersionId"])["Body"].read()
                if collection == "support/tickets":
                    for text in named:
                        body = body.replace(text.encode(), MASK.encode())
                found.setdefault(collection, []).append(body)
    return found


def _read(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    """The records of a file, each value as text; what is absent is absent."""
    if name.endswith(".jsonl"):
        lines = archive.read(name).decode("utf-8").splitlines()
        records = [json.loads(line, parse_float=Decimal, parse_int=Decimal) for line in lines]
        return [{k: _whole(v) if isinstance(v, Decimal) else v for k, v in record.items() if v is not None} for record in records]
    rows = csv.DictReader(io.TextIOWrapper(archive.open(name), encoding="utf-8-sig", newline=""), strict=True)
    # What a spreadsheet would take for a formula has an apostrophe before it.
    plain = [{k: re.sub(r"^'(?=[=+\-@\t\r])", "", v) for k, v in row.items() if v != ""} for row in rows]
    return [{k: _whole(v) if re.fullmatch(r"-?\d+\.\d+", v) else v for k, v in row.items()} for row in plain]


def _sorted(records: list) -> list:
    return sorted(records, key=lambda record: record if isinstance(record, bytes) else json.dumps(record, sort_keys=True))


def same(package: Path, email: str) -> dict:
    archive = zipfile.ZipFile(package)
    broken = archive.testzip()
    if broken is not None:
        raise Wrong(f"{broken} is damaged")
    names = archive.namelist()
    if len(set(names)) != len(names) or any(name.startswith(("/", ".")) or ".." in name or "\\" in name for name in names):
        raise Wrong(f"names that mean something to a file system: {names}")
    expected = stored(email)
    number = expected["shop/customers"][0]["CustomerId"]
    kept = objects(number)
    held: dict[str, list] = {name: [] for name in (*expected, *kept)}
    files = {"manifest.json", "manifest.jws", "index.html"}
    for name in (name for name in names if name.endswith((".jsonl", ".csv"))):
        collection = name.rpartition(".")[0]
        files.add(name)
        for record in _read(archive, name):
            record.pop("_version", None)
            content = record.pop("_file", None)
            if content is None:
                held.setdefault(collection, []).append(record)
            else:
                if record.get("CustomerId") != number or content in files:
                    raise Wrong(f"{content} belongs to somebody else, or was named before")
                files.add(content)
                held.setdefault(collection, []).append(archive.read(content))
    for collection, records in held.items():
        should = expected.get(collection, kept.get(collection))
        if should is None or _sorted(records) != _sorted(should):
            raise Wrong(f"{collection}: the package says\n{_sorted(records)}\nand the store\n{should}")
    if files != set(names):
        raise Wrong(f"no record names {set(names) - files}")
    for name in names:
        content = archive.read(name)
        for row in shop.rows("employees"):
            if row["Email"].encode() in content or f"{row['FirstName']} {row['LastName']}".encode() in content:
                raise Wrong(f"{name} names an employee")
    return {"records": {name: len(records) for name, records in held.items()}, "files": len(names)}


def left(request: str) -> list[str]:
    s3, dynamodb, out = client("s3"), client("dynamodb"), outputs()
    found = []
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=out["ExportsBucket"], Prefix=f"demo/{request}/"):
        found += [f"package {entry['Key']}" for entry in page.get("Versions", []) + page.get("DeleteMarkers", [])]
    found += [f"upload {u['Key']}" for u in s3.list_multipart_uploads(Bucket=out["ExportsBucket"]).get("Uploads", []) if request in u["Key"]]
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=out["StagingBucket"]):
        staged = [entry["Key"] for entry in page.get("Versions", []) if request in entry["Key"]]
        # By what the stores are read again weeks later, and the key of that, below.
        found += [f"staged {key}" for key in staged if not key.startswith("rechecks/")]
    keys = dynamodb.query(
        TableName=out["KeysTable"],
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": f"T#demo#R#{request}"}},
    )["Items"]
    # From where it was fetched is kept longer, and ends by itself. What the receipt names its person by opens nothing of it.
    return found + [f"key {item['sk']['S']}" for item in keys if not item["sk"]["S"].startswith(("VISIT#", "RECEIPT", "RECHECK"))]


def tell(key: str) -> list:
    # Nobody but AWS puts events of aws.s3 on a bus, so the rule is asked whether it takes one, and its target is called.
    request = key.split("/")[1]
    detail = {
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "eventID": "1c4c8d6e-0000-4000-8000-000000000001",
        "eventTime": "2026-03-02T09:01:00Z",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": f"AROAEXAMPLE:{request}",
            "sessionContext": {"sessionIssuer": {"type": "Role", "arn": outputs()["ExportReaderRoleArn"]}},
        },
        "sourceIPAddress": "127.0.0.1",
        "requestParameters": {"bucketName": outputs()["ExportsBucket"], "key": key},
        "additionalEventData": {"bytesTransferredOut": 4711},
    }
    kind, here = "AWS API Call via CloudTrail", {"account": "000000000000", "region": "us-east-1", "resources": []}
    event = {"id": "1", "source": "aws.s3", "detail-type": kind, "time": "2026-03-02T09:01:00Z", **here, "detail": detail}
    events, functions = client("events"), client("lambda")
    (rule,) = [rule for rule in events.list_rules()["Rules"] if kind in rule.get("EventPattern", "")]
    if not events.test_event_pattern(EventPattern=rule["EventPattern"], Event=json.dumps(event))["Result"]:
        raise Wrong(f"the rule does not take such an event: {rule['EventPattern']}")
    (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    return [json.load(functions.invoke(FunctionName=target["Arn"], Payload=json.dumps(event))["Payload"]) for _ in range(2)]


def letters(email: str) -> list[str]:
    with urllib.request.urlopen(f"{endpoint()}/_ministack/ses/messages", timeout=10) as answer:
        sent = json.load(answer)["messages"]
    return [letter["BodyText"] for account in sent.values() for letter in account if letter["To"] == [email]]


def main() -> int:
    match sys.argv[1:]:
        case ["same", package, email]:
            print(json.dumps(same(Path(package), email)))
        case ["left", request]:
            print(json.dumps(left(request)))
        case ["tell", key]:
            print(json.dumps(tell(key)))
        case ["letters", email]:
            print(json.dumps(letters(email)))
        case _:
            raise Wrong("say what to do: package.py same <zip> <email> | left <request> | tell <key> | letters <email>")
    return 0


if __name__ == "__main__":
    run(main)
