"""make demo: everything up, one person erased end to end, the company's figures compared, everything down again."""

import json
import subprocess
import sys

import search
import shop
import tokens
import up
from settings import Wrong, run

PERSON = tokens.SUBJECT
WITHIN = 300


def lacuna(*arguments: str, show: bool = False) -> str:
    """Runs the tool as a person would; its output goes to the terminal, or comes back."""
    done = subprocess.run(["lacuna", *arguments], stdout=None if show else subprocess.PIPE, text=True, timeout=WITHIN, check=False)
    if done.returncode != 0:
        raise Wrong(f"lacuna {' '.join(arguments[:2])} ended with {done.returncode}")
    return done.stdout or ""


def erase() -> int:
    """The demonstration itself; the deployment is up, and its variables are in the environment."""
    before = shop.stats()
    places, _ = search.find(PERSON)
    print(f"\n{PERSON} is in {len(places)} places:", *places, sep="\n  ", flush=True)
    print(flush=True)
    answer = lacuna(
        "request", "submit", "--type", "erasure", "--email", PERSON, "--jurisdiction", "EU",
        "--verified-by", "session", "--verification-reference", "demo-session-1", "--json",
    )  # fmt: skip
    request = json.loads(answer)["request_id"]
    lacuna("request", "watch", request, show=True)
    after = shop.stats()
    left, looked = search.find(PERSON)
    print(f"\nlooked through {sum(looked.values())} places for {PERSON}: found in {len(left)}", *left, sep="\n  ")
    figures(before, after)
    stores = json.loads(lacuna("request", "status", request, "--json"))["stores"]
    print(f"\n{'store':10}{'found':>7}{'kept':>7}{'residue':>9}")
    for store in stores:
        kept = store["anonymised"] + store["retained"]
        print(f"{store['store']:10}{store['located']:>7}{kept:>7}{store['residue']:>9}")
    clean = all(store["residue"] == 0 for store in stores)
    return 0 if clean and not left and before == after else 1


def figures(before: dict, after: dict) -> None:
    """What the company knows of its business, before and after: it lost a person, and no figure."""
    print(f"\n{'figures':10}{'customers':>10}", *(f"{year:>8}" for year in after["invoices"]["revenue"]))
    for store, now in after.items():
        same = "as before" if before[store] == now else f"BEFORE: {before[store]}"
        print(f"{store:10}{now['customers']:>10}", *(f"{total:>8}" for total in now["revenue"].values()), f"  {same}")


def main() -> int:
    if sys.argv[1:] == ["erase"]:
        return erase()
    return up.with_command([sys.executable, __file__, "erase"])


if __name__ == "__main__":
    run(main)
