"""`pymerkle`: a tree in memory, which has its root after each leaf. Leaves are the entries, as ours are."""

import json
from base64 import b64decode
from importlib.metadata import version
from pathlib import Path

from pymerkle import InmemoryTree, verify_inclusion

from common import Timer, main, say
from entries import AFTER, CHECKPOINT, ENTRY, chained, contents, entries, lines

TOOL = "pymerkle, InmemoryTree"
VERSION = f"pymerkle {version('pymerkle')}"


def told(what: str, tree: InmemoryTree, timer: Timer) -> None:
    count, root = tree.get_size(), tree.get_root()
    verify_inclusion(tree.get_leaf(1), root, tree.prove_inclusion(1), index=1, size=count)
    say(TOOL, VERSION, what, count, timer.seconds, bytes=count, digest=root.hex())


def verify(folder: Path) -> None:
    """Of the shorter log: it would take minutes, and its objects would take the memory."""
    tree = InmemoryTree("sha256")
    with Timer() as timer:
        for line in lines(folder / "short"):
            if line.startswith(ENTRY):
                tree.append_entry(line[len(ENTRY) : AFTER])
            elif line.startswith(CHECKPOINT):
                _, _, root, *_ = json.loads(line)["checkpoint"].split("\n")
                if tree.get_root() != b64decode(root):
                    raise SystemExit(f"the checkpoint after {tree.get_size()} entries has another root")
    told("verify", tree, timer)


def add(folder: Path) -> None:
    given, tree = contents(folder / "short"), InmemoryTree("sha256")
    with Timer() as timer:
        for content in given:
            tree.append_entry(content)
    told("add", tree, timer)


def append(folder: Path) -> None:
    given, tree = entries(folder / "short"), InmemoryTree("sha256")
    with Timer() as timer:
        chained(given, lambda content: tree.get_leaf(tree.append_entry(content)))
    told("append", tree, timer)


if __name__ == "__main__":
    main(verify=verify, add=add, append=append)
