"""The language model, behind any OpenAI-compatible endpoint.

Knows connections, timeouts and what their failures mean. Refuses to know the environment, retries (the workflow owns them) and
the SDK's response models: building one per token is the largest share of a stream's CPU, and three fields are enough.
"""

import asyncio
import zlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, cast

import aiohttp
import httpx2
from openai import APIConnectionError, APIStatusError, AsyncAPIResponse, AsyncOpenAI, DefaultAioHttpClient

from agent.adapters import model_errors
from agent.adapters.model_wire import AnswerParser
from agent.domain import limits
from agent.domain.limits import MODEL_ERROR_BODY_BYTES_MAX
from agent.domain.model import ModelEvent, ModelFailed, ModelRequest, TextPart

_GZIP_OR_ZLIB = 47  # what zlib calls telling the two apart by itself
_BROKEN = (httpx2.HTTPError, httpx2.StreamError, aiohttp.ClientError, OSError)


class OpenAIModel:
    """Implements ``ports.Model`` with one pooled client; build it and use it on one event loop."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        model: str,
        *,
        connect_timeout: float = limits.MODEL_CONNECT_TIMEOUT,
        stall_timeout: float = limits.MODEL_STALL_TIMEOUT,
        step_timeout: float = limits.MODEL_STEP_TIMEOUT,
    ) -> None:
        self._model, self._secret = model, api_key
        self._stall_timeout, self._step_timeout = stall_timeout, step_timeout
        timeout = httpx2.Timeout(None, connect=connect_timeout, read=stall_timeout)
        pool = httpx2.Limits(max_connections=limits.CONCURRENT_ACTIVITIES_MAX, keepalive_expiry=limits.MODEL_KEEP_ALIVE)
        hooks = {"response": [_bound_error_body]}
        # aiohttp under the SDK: its parser is C, and one read takes all that has arrived.
        # No redirects: each would be another request with the whole conversation, to whatever host it names.
        http = DefaultAioHttpClient(timeout=timeout, limits=pool, event_hooks=hooks, follow_redirects=False)
        self._client = AsyncOpenAI(
            base_url=base_url, api_key=api_key or "none", max_retries=0, timeout=timeout, http_client=http
        )
        # The SDK fills these from the environment, which is for settings alone to read.
        self._client.organization = self._client.project = None
        # Looked up now: the SDK loads a resource at its first use, and the first message should not wait for that.
        self._create = self._client.chat.completions.with_streaming_response.create

    async def aclose(self) -> None:
        await self._client.close()

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """Events of one answer; all text of one network read is one part. See ``ports.Model``."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._step_timeout
        parser = AnswerParser(salt=str(len(request.messages)), secret=self._secret)
        async with AsyncExitStack() as closing:
            response = await self._open(request, deadline, closing)
            reads = _body(response)
            closing.push_async_callback(reads.aclose)  # now, not when the garbage collector comes by
            said_at, chunks = clock(), 0
            while not parser.ended:
                data = await self._read(reads, parser, deadline)
                text = parser.feed(data) if data else parser.end()
                if text:
                    yield TextPart(text)
                if not data:
                    break
                if parser.chunks != chunks:
                    said_at, chunks = clock(), parser.chunks
                elif clock() - said_at >= self._patience(parser):  # comments keep the connection alive, and are no answer
                    if parser.answered:
                        break
                    raise self._silence(said_at, deadline)
            for event in parser.events():
                yield event
            await _drain(reads)

    async def _open(self, request: ModelRequest, deadline: float, closing: AsyncExitStack) -> AsyncAPIResponse[Any]:
        """Sends the request; returns at a good response's headers."""
        opening = self._create(
            model=self._model,
            stream=True,
            stream_options={"include_usage": True},
            extra_headers={"Accept": "text/event-stream", "Accept-Encoding": "identity"},
            # Given as the body they are sent as they are; as arguments the SDK would first walk through all of them.
            messages=[],
            extra_body={"messages": request.messages} | ({"tools": request.tools} if request.tools else {}),
        )
        until = _until(deadline, self._stall_timeout)
        try:
            async with asyncio.timeout_at(until):
                response = cast(AsyncAPIResponse[Any], await closing.enter_async_context(opening))
        except APIStatusError as error:
            raise model_errors.from_response(error.status_code, error.response.headers, error.body, self._secret) from error
        except APIConnectionError as error:
            silent = isinstance(error.__cause__, httpx2.ReadTimeout)
            raise (self._silence(until, deadline) if silent else _unreachable(error)) from error
        except TimeoutError as error:
            raise self._silence(until, deadline) from error
        except aiohttp.ClientError as error:
            raise ModelFailed("model_nonsense", "The model endpoint does not speak HTTP.", retryable=True) from error
        except Exception as error:  # the SDK's own surprises; the port promises one exception
            raise ModelFailed(
                "model_error", f"The model could not be asked ({type(error).__name__}).", retryable=False
            ) from error
        content_type = response.headers.get("content-type", "text/event-stream")
        if not content_type.startswith("text/event-stream"):
            shown = model_errors.quote(content_type.partition(";")[0], self._secret)
            raise ModelFailed("model_nonsense", f"The model endpoint sent {shown} instead of a stream.", retryable=True)
        return response

    async def _read(self, reads: AsyncIterator[bytes], parser: AnswerParser, deadline: float) -> bytes:
        """What arrived next; empty at the end. Once the answer is whole, whatever happens is the end."""
        until = _until(deadline, self._patience(parser))
        try:
            if until < deadline and not parser.answered:
                return await anext(reads, b"")  # the client times this silence, and cheaper than a timer per read
            async with asyncio.timeout_at(until):
                return await anext(reads, b"")
        except (TimeoutError, httpx2.ReadTimeout) as error:
            failure, cause = self._silence(until, deadline), error
        except httpx2.DecodingError as error:
            failure, cause = ModelFailed("model_nonsense", "The model's answer cannot be unpacked.", retryable=True), error
        except _BROKEN as error:
            failure, cause = ModelFailed("model_cut_off", "The connection to the model broke.", retryable=True), error
        if parser.answered:
            return b""
        raise failure from cause

    def _patience(self, parser: AnswerParser) -> float:
        """Seconds to wait for the next chunk."""
        return min(self._stall_timeout, limits.MODEL_TRAILER_TIMEOUT) if parser.answered else self._stall_timeout

    def _silence(self, until: float, deadline: float) -> ModelFailed:
        """What a wait that ended at ``until`` means; the clock is not asked, because timers may ring a little early."""
        if until >= deadline:
            return ModelFailed("model_timeout", f"The model took longer than {self._step_timeout:g} seconds.", retryable=True)
        return ModelFailed("model_stalled", f"The model was silent for {self._stall_timeout:g} seconds.", retryable=True)


class _Head(httpx2.AsyncByteStream):
    """The first bytes of a body; the SDK reads error bodies whole, however long they are, or become when unpacked."""

    def __init__(self, body: httpx2.AsyncByteStream, *, packed: bool) -> None:
        self._body, self._packed = body, packed

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left, unpacking = MODEL_ERROR_BODY_BYTES_MAX, zlib.decompressobj(_GZIP_OR_ZLIB)
        async for data in self._body:
            try:
                head = unpacking.decompress(data, left) if self._packed else data[:left]
            except zlib.error:
                return
            yield head
            left -= len(head)
            if left <= 0:
                return

    async def aclose(self) -> None:
        await self._body.aclose()


def _until(deadline: float, patience: float) -> float:
    return min(deadline, asyncio.get_running_loop().time() + patience)


async def _bound_error_body(response: httpx2.Response) -> None:
    if response.is_error:
        packed = response.headers.pop("content-encoding", "identity") != "identity"
        response.stream = _Head(cast(httpx2.AsyncByteStream, response.stream), packed=packed)


def _body(response: AsyncAPIResponse[Any]) -> AsyncGenerator[bytes, None]:
    """The reads as they come, around the client's layers of generators, unless they have to be unpacked."""
    http = response.http_response
    packed = http.headers.get("content-encoding", "identity") != "identity"
    return cast(
        AsyncGenerator[bytes, None], response.iter_bytes() if packed else aiter(cast(httpx2.AsyncByteStream, http.stream))
    )


async def _drain(reads: AsyncIterator[bytes]) -> None:
    try:
        async with asyncio.timeout(limits.MODEL_DRAIN_TIMEOUT):
            while await anext(reads, b""):
                pass
    except (TimeoutError, *_BROKEN):
        return  # the answer is whole; only this connection is lost


def _unreachable(error: APIConnectionError) -> ModelFailed:
    cause: BaseException | None = error
    why = "the connection was refused or closed"
    while cause is not None:
        if isinstance(cause, aiohttp.ClientConnectorDNSError):
            why = "its name cannot be resolved"
        elif isinstance(cause, aiohttp.ClientSSLError):
            why = "no secure connection could be made"
        elif isinstance(cause, TimeoutError):
            why = "connecting took too long"
        cause = cause.__cause__
    return ModelFailed("model_unreachable", f"The model endpoint cannot be reached: {why}.", retryable=True)
