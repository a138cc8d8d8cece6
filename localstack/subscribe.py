"""Gives a log group its masked copy, as docs/deploy.md does in an account: subscribe.py /shop/app"""

import json
import re
import sys

import deploy
import templates
from settings import ROOT, Wrong, client, run


def subscribe(group: str) -> str:
    """Deploys the stack of a group's copy, and answers what the copy is called."""
    template = json.dumps(templates.load(ROOT / "infra" / "masked-logs.yaml"))
    url = deploy.Uploads().text("masked-logs.json", template)[2]
    name = "masked" + re.sub("[^A-Za-z0-9]+", "-", f"/{group}")
    given = {"LogGroup": group, "MaskLogsFunctionArn": deploy.outputs()["MaskLogsFunctionArn"]}
    return deploy.put_stack(client("cloudformation"), name, url, given)["MaskedLogs"]


def main() -> int:
    if len(sys.argv) != 2:
        raise Wrong("say which log group: subscribe.py /shop/app")
    print(subscribe(sys.argv[1]))
    return 0


if __name__ == "__main__":
    run(main)
