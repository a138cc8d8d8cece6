"""Has functions do at once what their schedules have them do later: `invoke.py checkpoint-audit`."""

import sys
import time

from botocore.exceptions import ClientError

from settings import STACK, Wrong, client, run


def invoke(name: str) -> None:
    """Calls a function as its schedule does, and waits for its end."""
    try:
        answer = client("lambda").invoke(FunctionName=f"{STACK}-{name}", Payload=b"{}")
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            raise Wrong(f"there is no function {name}: their names are those in functions/") from None
        raise
    if answer.get("FunctionError"):
        raise Wrong(f"{name} failed: {answer['Payload'].read().decode(errors='replace')}")


def main() -> int:
    if not sys.argv[1:]:
        raise Wrong("say which: invoke.py checkpoint-audit")
    for function in sys.argv[1:]:
        begun = time.monotonic()
        invoke(function)
        print(f"{function}: done in {time.monotonic() - begun:.1f} s")
    return 0


if __name__ == "__main__":
    run(main)
