"""make demo: everything up, one person's data fetched by them, then erased end to end, everything down again."""

import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile

import invoke
import search
import shop
import tokens
import up
from settings import Wrong, run

PERSON = tokens.SUBJECT
WITHIN = 300
# What is left of it, to be checked again: a receipt that names nobody, and a public key.
PROOF = os.path.join("target", "local", "demo")
# The exit code of a watch that saw its request withdrawn.
CANCELLED = 3


def lacuna(*arguments: str, show: bool = False, ends: int = 0, **environment: str) -> str:
    """Runs the tool as a person would; its output goes to the terminal, or comes back."""
    output = None if show else subprocess.PIPE
    done = subprocess.run(
        ["lacuna", *arguments], stdout=output, text=True, timeout=WITHIN, check=False, env={**os.environ, **environment}
    )
    if done.returncode != ends:
        raise Wrong(f"lacuna {' '.join(arguments[:2])} ended with {done.returncode}")
    return done.stdout or ""


def submit(kind: str, *more: str) -> str:
    """Asks for something about the person, as the shop's backend does, and gives the request's id."""
    answer = lacuna(
        "request", "submit", "--type", kind, "--email", PERSON, "--jurisdiction", "EU", "--verified-by", "session",
        "--verification-reference", "demo-session-1", "--json", *more,
    )  # fmt: skip
    return json.loads(answer)["request_id"]


def fetch() -> None:
    """The person gets what is held of them. They need no more of it here: an erasure waits while a package is there."""
    request = submit("access", "--format", "csv")
    lacuna("request", "watch", request, show=True)
    print(flush=True)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "my-data.zip")
        token = os.environ["LACUNA_TOKEN_SUBJECT"]
        got = json.loads(lacuna("request", "fetch", request, "-o", path, "--json", LACUNA_TOKEN=token))
        print(f"The person fetches it with their own token: {got['bytes']:,} bytes, and the SHA-256 is right.")
        with zipfile.ZipFile(path) as package:
            if (broken := package.testzip()) is not None:
                raise Wrong(f"the package is damaged at {broken}")
            print(f"\n{'bytes':>10}  in the package")
            print(*(f"{entry.file_size:>10,}  {entry.filename}" for entry in package.infolist()), sep="\n", flush=True)
    lacuna("request", "cancel", request)
    lacuna("request", "watch", request, ends=CANCELLED)
    print("\nThe request is withdrawn, so its package is destroyed now. Next, the person asks to be erased.\n", flush=True)


def proof(request: str) -> None:
    """What was done, signed, and checked by files and a public key alone."""
    os.makedirs(PROOF, exist_ok=True)
    receipt, key = os.path.join(PROOF, "receipt.json"), os.path.join(PROOF, "log.key")
    for _ in range(30):
        # A schedule does this every five minutes. The end may be on its way into the log still.
        invoke.invoke("checkpoint-audit")
        asked = ["lacuna", "request", "receipt", request, "--out", receipt, "--force"]
        if subprocess.run(asked, capture_output=True, timeout=WITHIN, check=False).returncode == 0:
            break
        time.sleep(1)
    else:
        raise Wrong("there is no receipt after thirty checkpoints")
    with open(key, "w", encoding="utf-8") as file:
        file.write(lacuna("audit", "key", LACUNA_TOKEN=os.environ["LACUNA_TOKEN_AUDITOR"]))
    print(f"\nIts receipt, checked by no server: lacuna verify {receipt} --key {key}\n", flush=True)
    lacuna("verify", receipt, "--key", key, show=True)


def show() -> int:
    """The demonstration itself; the deployment is up, and its variables are in the environment."""
    before = shop.stats()
    places, _ = search.find(PERSON)
    print(f"\n{PERSON} is in {len(places)} places:", *places, sep="\n  ", flush=True)
    print(flush=True)
    fetch()
    request = submit("erasure")
    lacuna("request", "watch", request, show=True)
    after = shop.stats()
    left, looked = search.find(PERSON)
    print(f"\nlooked through {sum(looked.values())} places for {PERSON}: found in {len(left)}", *left, sep="\n  ")
    figures(before, after)
    stores = json.loads(lacuna("request", "status", request, "--json"))["stores"]
    proof(request)
    clean = all(store["residue"] == 0 for store in stores)
    if not clean or left or before != after:
        return 1
    print("\nTo go on: `make up` leaves the engine running, and README.md says what to try.")
    return 0


def figures(before: dict, after: dict) -> None:
    """What the company knows of its business, before and after: it lost a person, and no figure."""
    print(f"\n{'figures':10}{'customers':>10}", *(f"{year:>8}" for year in after["invoices"]["revenue"]))
    for store, now in after.items():
        same = "as before" if before[store] == now else f"BEFORE: {before[store]}"
        print(f"{store:10}{now['customers']:>10}", *(f"{total:>8}" for total in now["revenue"].values()), f"  {same}")


def main() -> int:
    if sys.argv[1:] == ["show"]:
        return show()
    return up.with_command([sys.executable, __file__, "show"])


if __name__ == "__main__":
    run(main)
