"""Where things are: folders, ports, names, and a client for each AWS API. Every other script starts here."""

import os
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Another folder, with other ports, is a second engine beside the first: the tests' beside the developer's.
LOCAL = (ROOT / os.environ.get("LACUNA_LOCAL", "target/local")).resolve()
LAMBDAS = ROOT / "target" / "lambda"
SEED = ROOT / "localstack" / "seed"

STACK = "lacuna"
STORES_STACK = "lacuna-stores"
# Uploaded code, and the key set that tokens are checked against. Neither is part of the product.
ARTIFACTS = "lacuna-local-artifacts"
PUBLIC = "lacuna-local-public"

# Not the caller's: what is local is the same on every machine.
REGION = "us-east-1"
HOST = "127.0.0.1"


class Wrong(Exception):
    """What a person has to change. Printed without a traceback."""


def external() -> bool:
    """Whether something that this project did not start answers for AWS."""
    return os.environ.get("ENGINE", "") == "external"


def engine_port() -> int:
    return int(os.environ.get("LACUNA_ENGINE_PORT", "4566"))


def receiver_port() -> int:
    return int(os.environ.get("LACUNA_RECEIVER_PORT", "4580"))


def endpoint() -> str:
    """Where the AWS APIs answer, seen from here."""
    if external():
        url = os.environ.get("AWS_ENDPOINT_URL", "")
        if not url:
            raise Wrong("ENGINE=external needs AWS_ENDPOINT_URL, for example http://127.0.0.1:4566")
        return url.rstrip("/")
    return f"http://{HOST}:{engine_port()}"


def api_url(api_id: str) -> str:
    """Where Lacuna's own API answers, seen from here."""
    return f"{endpoint()}/_aws/execute-api/{api_id}/live"


def function_endpoint() -> str:
    """Where the AWS APIs answer, seen from a function. It differs where functions run in containers."""
    return os.environ.get("LACUNA_FUNCTION_ENDPOINT", endpoint()).rstrip("/")


def functions_see_loopback() -> bool:
    """Whether functions run on this machine, and not in containers, where the receiver on loopback is out of reach."""
    return os.environ.get("LACUNA_FUNCTION_ENDPOINT", endpoint()).rstrip("/") == endpoint()


def credentials() -> dict[str, str]:
    """Dummies. Real ones are never used, even if the caller's environment holds some."""
    return {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def client(service: str):
    """A client of the local engine, and of nothing else."""
    # Here, not above: the receiver and the engine's launcher do without.
    import boto3
    from botocore.config import Config

    keys = credentials()
    style = {"addressing_style": "path"} if service == "s3" else None
    return boto3.client(
        service,
        endpoint_url=endpoint(),
        region_name=REGION,
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"max_attempts": 3}, connect_timeout=5, read_timeout=120, s3=style, proxies={}),
    )


def run(main) -> None:
    """Runs a script's main function; a mistake that the caller can mend is one line, not a traceback."""
    # A terminated script still tidies up after itself.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        raise SystemExit(main())
    except Wrong as wrong:
        raise SystemExit(f"error: {wrong}") from None
