"""Logging, set up once. Lines go to standard error; whoever starts the process decides where that leads."""

import logging

QUIET = ("httpx", "httpx2", "httpcore", "openai", "sse_starlette", "asyncio", "grpc")
QUIET_SDK = ("durabletask-worker", "durabletask-client", "WorkflowRuntime", "DaprWorkflowClient")


def configure(level: str) -> None:
    """One line per record, times in UTC. Chatty libraries speak from WARNING up; nothing logs bodies or headers."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for name in QUIET + QUIET_SDK:
        logging.getLogger(name).setLevel(logging.WARNING)
