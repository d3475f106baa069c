"""A stand-in for ``agent.main``: just enough of both listeners for Dapr and the supervisor to be content.

Run as a script. STAND_IN_MODE makes it ``die`` at once, or ``stay`` when told to stop. STAND_IN_DIES_IF: it dies when that file
is there; STAND_IN_DIES_AT_CUE_IF: only when it is to begin; STAND_IN_UNREADY_IF: it is not ready then. STAND_IN_TELLS: the file
in which it writes what it does.
"""

import json
import os
import signal
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import Request, urlopen

_ANSWERS = {
    "/healthz": {},
    "/dapr/config": {"entities": ["StandIn"], "actorIdleTimeout": "1h"},
    "/dapr/subscribe": [],
    "/seen": {},
}


class Handler(BaseHTTPRequestHandler):
    """Answers what Dapr asks an app, remembers notifications, and says ready when the sidecar is."""

    seen: list[dict[str, str]] = []

    def do_GET(self) -> None:
        if self.path == "/readyz":
            self._answer(200 if _sidecar_is_ready() and not _is_there("STAND_IN_UNREADY_IF") else 503, {})
        elif self.path == "/seen":
            self._answer(200, self.seen)
        else:
            self._answer(200 if self.path in _ANSWERS else 404, _ANSWERS.get(self.path, {}))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        token_is_ours = self.headers.get("dapr-api-token") == os.environ["APP_API_TOKEN"]
        self.seen.append({"path": self.path, "body": body, "token": "ours" if token_is_ours else "another"})
        self._answer(200, {})

    def do_PUT(self) -> None:
        self.do_POST()

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _sidecar_is_ready() -> bool:
    request = Request(f"http://127.0.0.1:{os.environ['DAPR_HTTP_PORT']}/v1.0/healthz")
    try:
        return urlopen(request, timeout=1).status == 204
    except OSError:
        return False


def _is_there(setting: str) -> bool:
    return os.path.exists(os.environ.get(setting, ""))


def _tell(what: str) -> None:
    if path := os.environ.get("STAND_IN_TELLS"):
        with open(path, "a") as told:
            told.write(f"{what}-{os.environ['TASK_AGENT_REPLICA']}\n")


def _stop(number: int, frame: object) -> None:
    _tell("stops")
    if os.environ.get("STAND_IN_MODE") != "stay":
        os._exit(0)


def main() -> None:
    if os.environ.get("STAND_IN_MODE") == "die" or _is_there("STAND_IN_DIES_IF"):
        sys.exit("stand-in: told to die")
    if number := os.environ.get("TASK_AGENT_CUE"):
        with socket.socket(fileno=int(number)) as wings:
            _tell("waits")
            wings.sendall(b"\n")
            wings.recv(1)
        if _is_there("STAND_IN_DIES_AT_CUE_IF"):
            sys.exit("stand-in: told to die")
    signal.signal(signal.SIGTERM, _stop)
    _tell("begins")
    servers = [
        ThreadingHTTPServer(("127.0.0.1", int(os.environ[n])), Handler) for n in ("TASK_AGENT_PORT", "TASK_AGENT_APP_PORT")
    ]
    threading.Thread(target=servers[0].serve_forever, daemon=True).start()
    servers[1].serve_forever()


if __name__ == "__main__":
    main()
