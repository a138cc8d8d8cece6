"""Deploys template.yaml to the local engine: uploads, creates or updates the stacks, and sets what the engine left out."""

import json
import os
import platform
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

from botocore.exceptions import ClientError

import package
import reconcile
import templates
from settings import ARTIFACTS, LOCAL, ROOT, STACK, STORES_STACK, Wrong, client, endpoint, function_endpoint, run

WITHIN = 300.0


class Uploads:
    """Uploads by content: a name that is already there is not uploaded again."""

    def __init__(self):
        self.s3 = client("s3")
        self.sent = self.kept = 0
        self.s3.create_bucket(Bucket=ARTIFACTS)
        listed = self.s3.get_paginator("list_objects_v2").paginate(Bucket=ARTIFACTS)
        self.there = {item["Key"] for page in listed for item in page.get("Contents", [])}

    def put(self, key: str, body: bytes) -> tuple[str, str, str]:
        if key in self.there:
            self.kept += 1
        else:
            self.s3.put_object(Bucket=ARTIFACTS, Key=key, Body=body)
            self.there.add(key)
            self.sent += 1
        return ARTIFACTS, key, f"{endpoint()}/{ARTIFACTS}/{key}"

    def code(self, folder: Path) -> tuple[str, str, str]:
        archive = package.zipped(folder)
        return self.put(f"code/{archive.name}", archive.read_bytes())

    def text(self, name: str, text: str) -> tuple[str, str, str]:
        stem, _, suffix = name.rpartition(".")
        return self.put(f"text/{stem}-{sha256(text.encode()).hexdigest()[:16]}.{suffix}", text.encode())


def _events(cloudformation, stack: str) -> str:
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    failed = [e for e in reversed(events) if e["ResourceStatus"].endswith("FAILED")]
    return "\n".join(f"  {e['LogicalResourceId']}: {e.get('ResourceStatusReason', e['ResourceStatus'])}" for e in failed)


def put_stack(cloudformation, name: str, url: str, parameters: dict[str, str]) -> dict[str, str]:
    """Creates the stack, or brings it up to date, waits, and answers its outputs."""
    arguments = {
        "StackName": name,
        "TemplateURL": url,
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
    }
    try:
        cloudformation.create_stack(**arguments)
    except cloudformation.exceptions.AlreadyExistsException:
        try:
            cloudformation.update_stack(**arguments)
        except ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise
    end = time.monotonic() + WITHIN
    while time.monotonic() < end:
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        status = stack["StackStatus"]
        if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            return {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])}
        if not status.endswith("IN_PROGRESS"):
            raise Wrong(f"the stack {name} ended as {status}:\n{_events(cloudformation, name)}")
        time.sleep(0.2)
    raise Wrong(f"the stack {name} is not done after {WITHIN:.0f} s:\n{_events(cloudformation, name)}")


def deploy(catalog_version: str) -> dict[str, str]:
    """Deploys both stacks, and answers the root stack's outputs."""
    cloudformation = client("cloudformation")
    uploads = Uploads()
    access = uploads.text("store-access.json", json.dumps(templates.load(ROOT / "infra" / "store-access.yaml")))
    stores = put_stack(cloudformation, STORES_STACK, access[2], {})
    source = templates.load(ROOT / "template.yaml")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # Zipped here in parallel; the packaging below then finds each one made.
        list(pool.map(package.zipped, templates.functions(source)))
    template = templates.package(source, uploads.code, uploads.text)
    root = uploads.text("template.json", json.dumps(template))
    outputs = put_stack(
        cloudformation,
        STACK,
        root[2],
        {
            "Architecture": "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64",
            "CatalogVersion": catalog_version,
            "StoreLocatePolicyArns": stores["LocatePolicyArn"],
            "StoreCollectPolicyArns": stores["CollectPolicyArn"],
            "StoreHidePolicyArns": stores["HidePolicyArn"],
            "StoreErasePolicyArns": stores["ErasePolicyArn"],
            "StoreConfirmPolicyArns": stores["ConfirmPolicyArn"],
            # It finds what it planted as locating does.
            "StorePlantPolicyArns": ",".join([stores["PlantPolicyArn"], stores["LocatePolicyArn"]]),
            "StoreWalkPolicyArns": stores["WalkPolicyArn"],
            "AllowLoopback": "true",
            "EndpointUrl": function_endpoint(),
            # Local engines know neither versions of a state machine nor the account's setting for logs.
            "VersionStateMachine": "false",
            "ManageApiLogging": "false",
            # What is locked here is nobody's proof, and goes with the engine.
            "EvidenceLockMode": "GOVERNANCE",
            "EvidenceLockDays": "1",
        },
    )
    print(f"uploaded: {uploads.sent} new, {uploads.kept} unchanged")
    late = list(reconcile.reconcile(cloudformation, STACK, template, outputs["KeyArn"]))
    (LOCAL / "reconciled.txt").write_text("".join(f"{line}\n" for line in late))
    print(f"set by API, since the engine's CloudFormation leaves it out: {len(late)} settings (reconciled.txt)")
    (LOCAL / "outputs.json").write_text(json.dumps(outputs, indent=2, sort_keys=True) + "\n")
    return outputs


def outputs() -> dict[str, str]:
    """What the last deployment put out."""
    try:
        return json.loads((LOCAL / "outputs.json").read_text())
    except FileNotFoundError:
        raise Wrong("nothing is deployed; run make up first") from None


def main() -> int:
    version = sys.argv[1] if len(sys.argv) > 1 else "none"
    for name, value in sorted(deploy(version).items()):
        print(f"{name} = {value}")
    return 0


if __name__ == "__main__":
    run(main)
