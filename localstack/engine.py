"""The local engine: start, stop, status. No other file knows which one it is.

ENGINE=external uses whatever answers at AWS_ENDPOINT_URL, and starts and stops nothing.
"""

import os
import socket
import sys
import time
import urllib.error
import urllib.request

import process
from settings import HOST, LOCAL, REGION, Wrong, endpoint, engine_port, external, run

NAME = "engine"
MARKER = "ministack"
READY_WITHIN = 60.0


def healthy() -> bool:
    try:
        with urllib.request.urlopen(f"{endpoint()}/_localstack/health", timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _environment() -> dict[str, str]:
    # A whitelist: functions inherit what the engine has, so a secret of this shell would reach them.
    passed = ("PATH", "LANG", "LC_ALL", "RUST_LOG", "RUST_BACKTRACE", "SFN_WAIT_SCALE", "SYSTEMROOT")
    env = {name: os.environ[name] for name in passed if name in os.environ}
    scratch = LOCAL / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    env.update(
        HOME=str(LOCAL),
        TMPDIR=str(scratch),
        # It listens everywhere unless told otherwise, and checks no credentials.
        BIND_HOST=HOST,
        GATEWAY_PORT=str(engine_port()),
        MINISTACK_HOST=HOST,
        MINISTACK_REGION=REGION,
        # Without this a function's SDK would look for the real AWS.
        AWS_ENDPOINT_URL=endpoint(),
        # Listeners that nothing here uses, which would open further ports.
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
        # It would look for containers to tidy up: this machine's are none of its business.
        DOCKER_HOST=f"unix://{scratch}/no-docker.sock",
    )
    return env


def _free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def start() -> bool:
    """Starts the engine and waits until it answers. False if it was running already."""
    if external():
        if not healthy():
            raise Wrong(f"nothing answers at {endpoint()}; start it, or leave out ENGINE=external")
        return False
    if process.running(NAME, MARKER) and healthy():
        return False
    port = engine_port()
    if not _free(port):
        raise Wrong(f"port {port} on {HOST} is taken by something else; stop that, or choose another: LACUNA_ENGINE_PORT=4567 make up")
    pid = process.start(NAME, [sys.executable, "-m", "ministack"], _environment())
    end = time.monotonic() + READY_WITHIN
    while time.monotonic() < end:
        if healthy():
            return True
        if process.running(NAME, MARKER) is None:
            break
        time.sleep(0.1)
    process.stop(NAME, MARKER)
    tail = (LOCAL / f"{NAME}.log").read_text(errors="replace")[-2000:]
    raise Wrong(f"the engine (process {pid}) did not answer at {endpoint()} within {READY_WITHIN:.0f} s; the end of its log:\n{tail}")


def stop() -> bool:
    return False if external() else process.stop(NAME, MARKER)


def main() -> int:
    verb = sys.argv[1] if len(sys.argv) > 1 else ""
    if verb == "start":
        print(f"engine: {'started' if start() else 'already running'} at {endpoint()}")
    elif verb == "stop":
        print("engine: stopped" if stop() else "engine: nothing to stop")
    elif verb == "status":
        print(f"engine: {'answers' if healthy() else 'does not answer'} at {endpoint()}")
        return 0 if healthy() else 3
    else:
        raise Wrong("say what to do: engine.py start | stop | status")
    return 0


if __name__ == "__main__":
    run(main)
