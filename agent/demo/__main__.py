"""Runs the offline demo model alone, on loopback: ``python -m agent.demo --port 8900``."""

import argparse

import uvicorn

from agent.demo.limits import DELAY
from agent.demo.server import create_app


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(
        prog="python -m agent.demo", description="Task Agent's offline demo model (rules, no LLM)."
    )
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--delay", type=float, default=DELAY, help="seconds between two words of a streamed answer")
    options = parser.parse_args()
    uvicorn.run(create_app(options.delay), host="127.0.0.1", port=options.port, log_level="info", access_log=False)


if __name__ == "__main__":
    main()
