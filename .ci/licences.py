"""Checks every dependency's licence against deny.toml, from what cargo itself says of them.

`cargo deny check licenses` reads the same file and says the same; it takes minutes to compile, this takes a second.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

try:
    import tomllib
except ImportError:  # Python 3.10
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent


def allowed(expression: str, allow: set[str]) -> bool:
    """Whether an SPDX expression can be satisfied: one side of an OR, both of an AND. A slash is an old OR."""
    tokens = re.findall(r"\(|\)|[^\s()/]+|/", expression)
    position = 0

    def peek() -> str | None:
        return tokens[position] if position < len(tokens) else None

    def take() -> str:
        nonlocal position
        position += 1
        return tokens[position - 1]

    def term() -> bool:
        if peek() == "(":
            take()
            value = either()
            take()
            return value
        name = take()
        if peek() == "WITH":
            take()
            name = f"{name} WITH {take()}"
        return name in allow

    def both() -> bool:
        value = term()
        while peek() == "AND":
            take()
            value = term() and value
        return value

    def either() -> bool:
        value = both()
        while peek() in ("OR", "/"):
            take()
            value = both() or value
        return value

    return either()


def main() -> int:
    rules = tomllib.loads((ROOT / "deny.toml").read_text())["licenses"]
    allow = set(rules["allow"])
    extra = {e.get("crate", e.get("name")): set(e["allow"]) for e in rules.get("exceptions", [])}
    clear = {c.get("crate", c.get("name")): c["expression"] for c in rules.get("clarify", [])}
    command = [os.environ.get("CARGO", "cargo"), "metadata", "--format-version", "1", "--locked"]
    packages = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)["packages"]
    refused = []
    for package in packages:
        expression = clear.get(package["name"]) or package.get("license") or ""
        if not expression or not allowed(expression, allow | extra.get(package["name"], set())):
            refused.append(f"{package['name']} {package['version']}: {expression or 'says no licence'}")
    for line in refused:
        print(f"licence not allowed by deny.toml: {line}", file=sys.stderr)
    print(f"licences: {len(packages)} packages, {len(refused)} refused")
    return 1 if refused else 0


if __name__ == "__main__":
    raise SystemExit(main())
