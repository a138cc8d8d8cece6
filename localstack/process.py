"""Starts a background process, and stops that process and no other."""

import os
import signal
import subprocess
import time
from pathlib import Path

from settings import LOCAL


def _file(name: str) -> Path:
    return LOCAL / f"{name}.pid"


def _command(pid: int) -> str:
    seen = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return seen.stdout.strip()


def running(name: str, marker: str) -> int | None:
    """The process id of what was started under this name, if it still is that: ids are reused."""
    try:
        pid = int(_file(name).read_text())
    except (FileNotFoundError, ValueError):
        return None
    return pid if marker in _command(pid) else None


def start(name: str, command: list[str], env: dict[str, str]) -> int:
    """Starts it in a group of its own, its output in target/local, its id in a file there."""
    LOCAL.mkdir(parents=True, exist_ok=True)
    with open(LOCAL / f"{name}.log", "wb") as log:
        child = subprocess.Popen(
            command, env=env, cwd=LOCAL, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    _file(name).write_text(str(child.pid))
    return child.pid


def stop(name: str, marker: str, patience_for: float = 10.0) -> bool:
    """Asks it to stop, waits, and insists. False if it was not running."""
    pid = running(name, marker)
    _file(name).unlink(missing_ok=True)
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + patience_for
    while marker in _command(pid) and time.monotonic() < end:
        time.sleep(0.1)
    # The group holds its children too: functions that run as processes must not outlive the engine.
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    return True
