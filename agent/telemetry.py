"""Logging, set up once. Lines go to standard error; whoever starts the process decides where that leads."""

import logging

QUIET = ("httpx", "httpx2", "httpcore", "openai", "sse_starlette", "asyncio", "grpc")


def configure(level: str) -> None:
    """One line per record, times in UTC. Chatty libraries speak from WARNING up; nothing logs bodies or headers."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
