"""The outside world of the demonstration, on loopback: a sanction source, and a webhook that keeps what it is sent.

GET or POST /sanctions answers with target/local/sanction.json, {"verdict": "clear"} if there is none. Two members of
that file are not sent but obeyed: "_status" is the HTTP status, "_delay_for" the seconds to wait before answering.
POST /webhook appends headers and body to target/local/webhooks.jsonl.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import process
from settings import HOST, LOCAL, Wrong, receiver_port, run

NAME = "receiver"
MARKER = "receiver.py serve"
VERDICT = LOCAL / "sanction.json"
WEBHOOKS = LOCAL / "webhooks.jsonl"


class Handler(BaseHTTPRequestHandler):
    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _answer(self, status: int, body: dict) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _sanctions(self) -> None:
        try:
            verdict = json.loads(VERDICT.read_text())
        except FileNotFoundError:
            verdict = {"verdict": "clear"}
        time.sleep(verdict.pop("_delay_for", 0))
        self._answer(verdict.pop("_status", 200), verdict)

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path == "/sanctions":
            self._sanctions()
        else:
            self._answer(200 if path == "/health" else 404, {})

    def do_POST(self) -> None:
        path = self.path.split("?")[0]
        body = self._body()
        if path == "/sanctions":
            self._sanctions()
        elif path == "/webhook":
            at = datetime.now(timezone.utc).isoformat()
            seen = {"at": at, "headers": dict(self.headers.items()), "body": body.decode("utf-8", "replace")}
            with open(WEBHOOKS, "a", encoding="utf-8") as file:
                file.write(json.dumps(seen) + "\n")
            self._answer(200, {})
        else:
            self._answer(404, {})

    def log_message(self, form, *args) -> None:
        """Not logged: the address line of a sanction source's caller may name somebody."""


def healthy() -> bool:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{receiver_port()}/health", timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def start() -> None:
    if process.running(NAME, MARKER) and healthy():
        return
    if healthy():
        raise Wrong(f"port {receiver_port()} on {HOST} is taken by another receiver; LACUNA_RECEIVER_PORT chooses another")
    process.start(NAME, [sys.executable, __file__, "serve"], {**os.environ, "LACUNA_LOCAL": str(LOCAL)})
    for _ in range(100):
        if healthy():
            return
        if process.running(NAME, MARKER) is None:
            break
        time.sleep(0.1)
    raise Wrong(f"the receiver did not start: is port {receiver_port()} on {HOST} taken? LACUNA_RECEIVER_PORT chooses another")


def reset() -> None:
    """Clear again, and no webhook received."""
    VERDICT.unlink(missing_ok=True)
    WEBHOOKS.unlink(missing_ok=True)


def stop() -> bool:
    return process.stop(NAME, MARKER)


def main() -> int:
    verb = sys.argv[1] if len(sys.argv) > 1 else ""
    if verb == "serve":
        ThreadingHTTPServer((HOST, receiver_port()), Handler).serve_forever()
    elif verb == "start":
        start()
    elif verb == "stop":
        print("receiver: stopped" if stop() else "receiver: nothing to stop")
    else:
        raise Wrong("say what to do: receiver.py start | stop | serve")
    return 0


if __name__ == "__main__":
    run(main)
