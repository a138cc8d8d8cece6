"""What the peers of the row "masking" share: the log, the corpora, check digits, and how findings are said."""

import hashlib
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from common import Timer, say

Finding = tuple[str, int, int]


def patterns(folder: Path) -> list[tuple[str, str]]:
    return [(each["kind"], each["pattern"]) for each in json.loads((folder / "patterns.json").read_text())]


def luhn(digits: str) -> bool:
    odd = sum(int(d) for d in digits[-1::-2])
    even = sum(sum(divmod(2 * int(d), 10)) for d in digits[-2::-2])
    return (odd + even) % 10 == 0


def valid(kind: str, value: str) -> bool:
    """What an expression cannot say."""
    match kind:
        case "card":
            return luhn("".join(filter(str.isdigit, value)))
        case "us_ssn":
            area, group, serial = value[:3], value[4:6], value[7:]
            return area not in ("000", "666") and area[0] != "9" and group != "00" and serial != "0000"
        case "iban":
            return int("".join(str(int(c, 36)) for c in value[4:] + value[:4])) % 97 == 1
        case _:
            return True


def digest(findings: Iterable[Finding]) -> str:
    text = "".join(f"{kind} {start} {end}\n" for kind, start, end in sorted(findings, key=lambda found: found[1:]))
    return hashlib.sha256(text.encode()).hexdigest()


def measure(tool: str, version: str, folder: Path, file: str, find: Callable[[bytes], list[Finding]]) -> None:
    log = (folder / file).read_bytes()
    with Timer() as timer:
        found = find(log)
    say(tool, version, "find", len(log), timer.seconds, digest=digest(found), bytes=len(log))


def by_line(find: Callable[[str], list[Finding]]) -> Callable[[bytes], list[Finding]]:
    """For tools that take text, and one text at a time: each line is one."""

    def whole(log: bytes) -> list[Finding]:
        found, at = [], 0
        for line in log.splitlines(keepends=True):
            text = line.decode()
            for kind, start, end in find(text):
                # They count characters.
                begin = at + len(text[:start].encode())
                found.append((kind, begin, begin + len(text[start:end].encode())))
            at += len(line)
        return found

    return whole


def judge(tool: str, kinds: Iterable[str], folder: Path, corpus: str, find: Callable[[bytes], list[Finding]]) -> None:
    texts = [json.loads(line)["text"] for line in (folder / corpus).read_text().splitlines()]
    print(json.dumps({"tool": tool, "kinds": sorted(kinds), "findings": [find(text.encode()) for text in texts]}))


def job() -> tuple[str, str, Path]:
    """The tool, the file, and the folder that the command line names."""
    words, folder = sys.argv[1:3]
    name, file = words.split(" ", 1)
    return name, file, Path(folder)
