"""The process environment, read once, at start. Nothing else reads it; only ``agent.main`` imports this."""

import hmac
import os
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from agent.domain.limits import (
    MODEL_CIRCUIT_FAILURES,
    MODEL_STALL_TIMEOUT,
    MODEL_STEP_TIMEOUT,
    REPLICA_NAME_CHARS_MAX,
    SHUTDOWN_GRACE,
)
from agent.domain.notification import NotificationMode

DEMO_MODEL = "task-agent-offline-demo"
LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(str.upper)]


def _http_url(url: str) -> str:
    """Or nothing. With anything else the service would start, be ready, and fail at every turn."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if url and not (usable and url.isprintable() and " " not in url):
        told = "It should begin with http:// or https:// and name a host, as http://host:port/v1 does"
        raise PydanticCustomError("http_url", told)
    return url


HttpUrl = Annotated[str, AfterValidator(_http_url)]


class BadSettings(Exception):
    """What is wrong with which setting, a line for each. Values are left out: one of them may be a secret."""


class Settings(BaseSettings):
    """Every setting, its environment variable and its default. Secrets are never logged: ``repr`` leaves them out."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    host: str = Field("127.0.0.1", validation_alias="TASK_AGENT_HOST")
    port: int = Field(8080, validation_alias="TASK_AGENT_PORT", ge=1, le=65535)
    app_port: int = Field(3000, validation_alias="TASK_AGENT_APP_PORT", ge=1, le=65535)
    data_dir: Path = Field(Path(".data"), validation_alias="TASK_AGENT_DATA_DIR")
    cue: int | None = Field(None, validation_alias="TASK_AGENT_CUE", ge=0)
    replica: str = Field("0", validation_alias="TASK_AGENT_REPLICA", max_length=REPLICA_NAME_CHARS_MAX)
    alone: bool = Field(False, validation_alias="TASK_AGENT_ALONE")
    log_level: LogLevel = Field("INFO", validation_alias="TASK_AGENT_LOG_LEVEL")
    shutdown_grace: float = Field(SHUTDOWN_GRACE, validation_alias="TASK_AGENT_SHUTDOWN_GRACE", ge=0, le=SHUTDOWN_GRACE)
    dev: bool = Field(False, validation_alias="TASK_AGENT_DEV")  # routes for demonstration, open to every user of every tenant
    notifications: NotificationMode = Field("ok", validation_alias="TASK_AGENT_NOTIFICATIONS")

    dapr_http_port: int = Field(3500, validation_alias="DAPR_HTTP_PORT", ge=1, le=65535)
    dapr_grpc_port: int = Field(50001, validation_alias="DAPR_GRPC_PORT", ge=1, le=65535)
    dapr_api_token: str = Field("", validation_alias="DAPR_API_TOKEN", repr=False)
    app_api_token: str = Field("", validation_alias="APP_API_TOKEN", repr=False)

    redis_url: str = Field("", validation_alias="REDIS_URL", repr=False)  # it may hold a password

    openai_base_url: HttpUrl = Field("", validation_alias="OPENAI_BASE_URL", repr=False)  # may, too
    openai_api_key: str = Field("", validation_alias="OPENAI_API_KEY", repr=False)
    openai_model: str = Field("gpt-5-mini", validation_alias="OPENAI_MODEL")
    model_stall_timeout: float = Field(
        MODEL_STALL_TIMEOUT, validation_alias="TASK_AGENT_MODEL_STALL_TIMEOUT", gt=0, le=MODEL_STEP_TIMEOUT
    )
    model_circuit_failures: int = Field(
        MODEL_CIRCUIT_FAILURES, validation_alias="TASK_AGENT_MODEL_CIRCUIT_FAILURES", ge=1, le=1_000_000
    )
    demo_delay: float = Field(0.02, validation_alias="TASK_AGENT_DEMO_DELAY", ge=0, le=5)

    @property
    def caller_token(self) -> str:
        """What an actor call of this service carries. Made from the app token, so that replicas agree and nobody else knows it.

        The sidecar asks its own token on its public API only: without mTLS, its internal port takes calls from any local user.
        """
        return hmac.new(self.app_api_token.encode(), b"actor caller", "sha256").hexdigest()

    @property
    def offline_demo(self) -> bool:
        """Nothing says which endpoint to use: the service starts its own rule-based one."""
        return not self.openai_api_key and not self.openai_base_url

    @property
    def model_name(self) -> str:
        """The model asked for by name."""
        return DEMO_MODEL if self.offline_demo else self.openai_model


def read_settings() -> Settings:
    """Raises BadSettings."""
    try:
        return Settings()  # pyright: ignore[reportCallIssue] -- every field comes from the environment or its default
    except ValidationError as error:
        raise BadSettings("\n".join(f"{problem['loc'][0]}: {problem['msg']}" for problem in error.errors())) from None


def reach_loopback_directly() -> None:
    """A proxy is for what is elsewhere. gRPC, urllib and httpx would ask it for the sidecar and for a local model, too."""
    excepted = os.environ.get("no_proxy") or os.environ.get("NO_PROXY", "")
    for name in ("no_proxy", "NO_PROXY", "no_grpc_proxy"):  # who reads the last one reads no other
        os.environ[name] = ",".join(filter(None, (os.environ.get(name) or excepted, "127.0.0.1", "localhost")))
