"""The same six expressions in Python's own engine, in RE2 and in Hyperscan."""

import re
from importlib.metadata import version

from findings import Finding, job, measure, patterns, valid

NAME, FILE, FOLDER = job()
PATTERNS = patterns(FOLDER)


def alternation(engine) -> "callable":
    """All expressions as one, and of what was found, which it was."""
    whole = engine.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in PATTERNS).encode())

    def find(log: bytes) -> list[Finding]:
        found = ((PATTERNS[each.lastindex - 1][0], *each.span()) for each in whole.finditer(log))
        return [(kind, start, end) for kind, start, end in found if valid(kind, log[start:end].decode())]

    return find


def hyperscan() -> "callable":
    """It says where a match ends, for every end. Where it begins it can say too, at less than half the speed: that is asked of `re`, in a window."""
    import hyperscan

    windows = {"email": 128, "ipv4": 16, "card": 20, "us_ssn": 12, "phone": 13, "iban": 35}
    base = hyperscan.Database()
    count = len(PATTERNS)
    expressions = [pattern.encode() for _, pattern in PATTERNS]
    each = [re.compile(expression) for expression in expressions]
    base.compile(expressions=expressions, ids=list(range(count)), elements=count, flags=[0] * count)

    def find(log: bytes) -> list[Finding]:
        ends: list[tuple[int, int]] = []

        def match(which: int, _start: int, end: int, _flags: int, _context: object) -> None:
            ends.append((which, end))

        base.scan(log, match_event_handler=match)
        longest: dict[tuple[int, int], int] = {}
        for which, end in ends:
            window = windows[PATTERNS[which][0]]
            for found in each[which].finditer(log, max(0, end - window), min(len(log), end + 1)):
                if found.end() == end:
                    longest[found.start(), which] = end
        findings, last = [], 0
        for (start, which), end in sorted(longest.items()):
            kind = PATTERNS[which][0]
            if start >= last and valid(kind, log[start:end].decode()):
                findings.append((kind, start, end))
                last = end
        return findings

    return find


if NAME == "hyperscan":
    measure("hyperscan, six expressions", f"hyperscan {version('hyperscan')} (Python)", FOLDER, FILE, hyperscan())
elif NAME == "re2":
    import re2

    measure("google-re2, one alternation", f"google-re2 {version('google-re2')} (Python)", FOLDER, FILE, alternation(re2))
else:
    import platform

    measure("Python re, one alternation", f"Python {platform.python_version()}", FOLDER, FILE, alternation(re))
