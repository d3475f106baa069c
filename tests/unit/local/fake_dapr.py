"""A folder of programs named like Dapr's: they know their version, answer their health port, and write down their end.

The scheduler's etcd names it the leader, by a lease of no time at all: one that a killed predecessor could have left.
"""

import sys
from pathlib import Path

NAMES = ("placement", "scheduler", "daprd")
_SCRIPT = """#!{python} -S
import http.server, os, signal, sys, threading
if "--version" in sys.argv:
    print("{version}")
    sys.exit({version_status})
flags = dict(argument.removeprefix("--").partition("=")[::2] for argument in sys.argv[1:])
name = os.path.basename(sys.argv[0])

def stop(*_):
    with open(os.path.join(os.path.dirname(sys.argv[0]), "ended"), "a") as ended:
        ended.write(name + "\\n")
    os._exit(0)

class Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()

    def do_POST(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{{"kvs": [{{"key": "a2V5", "lease": "0", "mod_revision": "1"}}]}}')

def serve(port):
    http.server.HTTPServer(("127.0.0.1", int(port)), Healthy).serve_forever()

signal.signal(signal.SIGTERM, stop)
if os.environ.get("FAKE_FAILS") == name:
    sys.exit(name + ": cannot open the database")
if "etcd-client-port" in flags:
    threading.Thread(target=serve, args=(flags["etcd-client-port"],), daemon=True).start()
serve(flags.get("healthz-port") or flags["dapr-http-port"])
"""


def make(folder: Path, version: str = "1.18.2", names: tuple[str, ...] = NAMES, version_status: int = 0) -> Path:
    """Writes the programs into ``folder`` and returns it."""
    folder.mkdir(parents=True, exist_ok=True)
    script = _SCRIPT.format(python=sys.executable, version=version, version_status=version_status)
    for name in names:
        program = folder / name
        program.write_text(script)
        program.chmod(0o755)
    return folder
