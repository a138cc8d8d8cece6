"""Has functions do at once what their schedules have them do later: `invoke.py checkpoint-audit`."""

import sys

from settings import STACK, Wrong, client


def invoke(name: str) -> None:
    """Calls a function as its schedule does, and waits for its end."""
    answer = client("lambda").invoke(FunctionName=f"{STACK}-{name}", Payload=b"{}")
    if answer.get("FunctionError"):
        raise Wrong(f"{name} failed: {answer['Payload'].read().decode(errors='replace')}")


if __name__ == "__main__":
    try:
        for function in sys.argv[1:]:
            invoke(function)
    except Wrong as wrong:
        sys.exit(str(wrong))
