"""Looks for a text everywhere: the check of an erasure that shares no code with what erased.

Every table and its stream, every version of every object, every secret, queue, log line, execution and its history,
and the files of this machine's engine. In clear, in hex, in base64 at each of its three offsets, percent-encoded.
"""

import base64
import json
import urllib.parse
from collections.abc import Iterator

from settings import ARTIFACTS, LOCAL, client

# The tokens: a subject's own token says who they are, and is theirs, not a store of anybody's.
NOT_SEARCHED = {"env.sh"}


def needles(text: str) -> list[bytes]:
    """The forms in which the text may be hidden, in lower case where case does not matter."""
    raw = text.encode()
    found = {raw.lower(), raw.hex().encode(), urllib.parse.quote(text, safe="").lower().encode()}
    for offset in range(3):
        # Embedded in other data, a text has three encodings; the first and last letters depend on its neighbours.
        start = (0, 2, 3)[offset]
        coded = base64.b64encode(b"\0" * offset + raw)[start:]
        whole = coded[: (offset + len(raw)) * 8 // 6 - start]
        found |= {whole, whole.replace(b"+", b"-").replace(b"/", b"_")}
    return sorted(found)


def _hit(data: bytes, forms: list[bytes]) -> bool:
    lower = data.lower()
    return any(form in data or form in lower for form in forms)


def _plain(value) -> bytes:
    """Anything an API answers as bytes to look through: binary members raw, all else as JSON."""
    binary: list[bytes] = []

    def default(other):
        if isinstance(other, (bytes, bytearray)):
            binary.append(bytes(other))
            return ""
        return str(other)

    text = json.dumps(value, default=default, ensure_ascii=False)
    return b"\n".join([text.encode(), *binary])


def _tables() -> Iterator[tuple[str, bytes]]:
    dynamodb, streams = client("dynamodb"), client("dynamodbstreams")
    for page in dynamodb.get_paginator("list_tables").paginate():
        for name in page["TableNames"]:
            keys = [k["AttributeName"] for k in dynamodb.describe_table(TableName=name)["Table"]["KeySchema"]]
            for items in dynamodb.get_paginator("scan").paginate(TableName=name):
                for item in items["Items"]:
                    yield f"table {name}, item {json.dumps([item[k] for k in keys])}", _plain(item)
    for stream in streams.list_streams()["Streams"]:
        arn = stream["StreamArn"]
        for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
            while iterator:
                answer = streams.get_records(ShardIterator=iterator)
                for record in answer["Records"]:
                    yield f"stream of {stream['TableName']}, record {record['dynamodb']['SequenceNumber']}", _plain(record)
                iterator = answer.get("NextShardIterator") if answer["Records"] else None


def _objects() -> Iterator[tuple[str, bytes]]:
    s3 = client("s3")
    for bucket in (b["Name"] for b in s3.list_buckets()["Buckets"]):
        if bucket == ARTIFACTS:
            continue
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for marker in page.get("DeleteMarkers", []):
                yield f"bucket {bucket}, delete marker {marker['Key']}", marker["Key"].encode()
            for entry in page.get("Versions", []):
                key, version = entry["Key"], entry["VersionId"]
                which = {} if version in (None, "null") else {"VersionId": version}
                got = s3.get_object(Bucket=bucket, Key=key, **which)
                yield f"bucket {bucket}, object {key}, version {version}", _plain([key, got["Metadata"]]) + got["Body"].read()


def _secrets() -> Iterator[tuple[str, bytes]]:
    secrets = client("secretsmanager")
    for page in secrets.get_paginator("list_secrets").paginate():
        for secret in page["SecretList"]:
            yield f"secret {secret['Name']}", _plain(secrets.get_secret_value(SecretId=secret["ARN"]))


def _messages() -> Iterator[tuple[str, bytes]]:
    sqs = client("sqs")
    for page in sqs.get_paginator("list_queues").paginate():
        for url in page.get("QueueUrls", []):
            seen: set[str] = set()
            while True:
                # Not hidden from anybody: a look must not delay a consumer.
                batch = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageAttributeNames=["All"]).get("Messages", [])
                fresh = [m for m in batch if m["MessageId"] not in seen]
                for message in fresh:
                    seen.add(message["MessageId"])
                    yield f"queue {url.rsplit('/', 1)[-1]}, message {message['MessageId']}", _plain(message)
                if not fresh:
                    break


def _logs() -> Iterator[tuple[str, bytes]]:
    logs = client("logs")
    for groups in logs.get_paginator("describe_log_groups").paginate():
        for group in (g["logGroupName"] for g in groups["logGroups"]):
            for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
                for event in page["events"]:
                    yield f"log {group}, stream {event['logStreamName']}", event["message"].encode()


def _executions() -> Iterator[tuple[str, bytes]]:
    states = client("stepfunctions")
    for machine in states.list_state_machines()["stateMachines"]:
        for page in states.get_paginator("list_executions").paginate(stateMachineArn=machine["stateMachineArn"]):
            for execution in page["executions"]:
                arn = execution["executionArn"]
                yield f"execution {execution['name']}", _plain(states.describe_execution(executionArn=arn))
                for history in states.get_paginator("get_execution_history").paginate(executionArn=arn):
                    for event in history["events"]:
                        yield f"execution {execution['name']}, event {event['id']} {event['type']}", _plain(event)


def _files() -> Iterator[tuple[str, bytes]]:
    # A database file as it lies on the disk: a page that is free may still hold what was in it.
    for path in sorted(LOCAL.iterdir()):
        if path.is_file() and path.name not in NOT_SEARCHED:
            lines = path.read_bytes().splitlines(keepends=True)
            # To whom the engine sent a letter stands in its own log. It is the post office here, and no store of anybody's.
            yield f"file {path.name}", b"".join(line for line in lines if b"SESv2 SendEmail: " not in line)


SOURCES = {
    "items of tables and streams": _tables,
    "versions of objects": _objects,
    "secrets": _secrets,
    "messages": _messages,
    "lines of logs": _logs,
    "executions and their events": _executions,
    "files": _files,
}


def find(text: str) -> tuple[list[str], dict[str, int]]:
    """Every place where the text is, and how many places were looked at, by kind."""
    forms = needles(text)
    places: list[str] = []
    looked: dict[str, int] = {}
    for kind, source in SOURCES.items():
        for place, data in source():
            looked[kind] = looked.get(kind, 0) + 1
            if _hit(data, forms):
                places.append(place)
    return places, looked
