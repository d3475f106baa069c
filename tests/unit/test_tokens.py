"""Counts are tiktoken's, or estimates that say so; nothing fails and nothing touches the network."""

import asyncio
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import tiktoken

from agent.adapters import tokens
from agent.adapters.tokens import TiktokenTokens
from agent.domain.limits import MESSAGE_BYTES_MAX
from agent.domain.messages import TokenCount
from agent.domain.model_messages import CANCELLED_RESULT, CANCELLED_TOKENS

O200K_SHA1 = "fb374d419588a4632f3f557e76b4b70aebbca790"


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tiktoken")


@pytest.fixture
def gpt4o(cache_dir: Path) -> TiktokenTokens:
    return TiktokenTokens("gpt-4o", cache_dir)


def count(counter: TiktokenTokens, *texts: str) -> list[TokenCount]:
    return asyncio.run(counter.count(texts))


def exact(*numbers: int) -> list[TokenCount]:
    return [TokenCount(tokens=n) for n in numbers]


def test_known_counts(gpt4o: TiktokenTokens) -> None:
    assert asyncio.run(gpt4o.warm())
    texts = ("", "hello world", "Ask Bob to review the payment PR by tomorrow noon", "日本語のテキスト", "🙂 مرحبا")
    encoding = tiktoken.get_encoding("o200k_base")
    assert count(gpt4o, *texts) == exact(*(len(encoding.encode(t)) for t in texts))
    assert count(gpt4o, texts[1], texts[1]) == exact(2, 2)
    assert count(gpt4o) == []


def test_the_cancelled_result_has_the_tokens_it_claims(gpt4o: TiktokenTokens) -> None:
    assert count(gpt4o, CANCELLED_RESULT) == exact(CANCELLED_TOKENS)


@pytest.mark.parametrize(
    ("model", "encoding"),
    [
        ("gpt-4", "cl100k_base"),
        ("gpt-5", "o200k_base"),
        ("gpt-oss-20b", "o200k_base"),
        ("offline-demo", "o200k_base"),
        ("text-davinci-003", "o200k_base"),  # its own vocabulary is not shipped and would be downloaded
        ("", "o200k_base"),
    ],
)
def test_the_models_encoding(model: str, encoding: str, cache_dir: Path) -> None:
    text = "漢字 and ünïcödé " * 20
    counter = TiktokenTokens(model, cache_dir)
    assert count(counter, text) == exact(len(tiktoken.get_encoding(encoding).encode(text)))


def test_special_tokens_are_ordinary_text(gpt4o: TiktokenTokens) -> None:
    (special,) = count(gpt4o, "<|endoftext|>")
    assert special.tokens > 1
    assert not special.estimated


def test_lone_surrogates_are_counted(gpt4o: TiktokenTokens) -> None:
    (broken,) = count(gpt4o, "a\ud800b")
    assert broken.tokens > 0


@pytest.mark.parametrize("text", [" " * 1_000_000, "x" * (MESSAGE_BYTES_MAX + 1), "é" * (MESSAGE_BYTES_MAX // 2 + 1)])
def test_too_much_text_is_estimated(gpt4o: TiktokenTokens, text: str) -> None:
    assert count(gpt4o, text) == [TokenCount(tokens=-(-len(text.encode()) // 4), estimated=True)]


def test_what_tiktoken_chokes_on_is_estimated(gpt4o: TiktokenTokens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MESSAGE_BYTES_MAX", 10_000_000)
    assert count(gpt4o, " " * 1_000_000) == [TokenCount(tokens=250_000, estimated=True)]


class Panics:
    """An encoding whose Rust code panics, or that is interrupted."""

    def __init__(self, problem: type[BaseException]) -> None:
        self.problem = problem

    def encode(self, text: str, *, disallowed_special: Any) -> list[int]:
        raise self.problem(f"{text} {disallowed_special}")


def test_a_panic_is_no_crash_but_an_exit_is(gpt4o: TiktokenTokens, monkeypatch: pytest.MonkeyPatch) -> None:
    panic = type("PanicException", (BaseException,), {})
    monkeypatch.setattr(tokens, "_load_encoding", lambda *_: Panics(panic))
    assert count(gpt4o, "abcde") == [TokenCount(tokens=2, estimated=True)]
    monkeypatch.setattr(gpt4o, "_encoding", Panics(SystemExit))
    with pytest.raises(SystemExit):
        gpt4o._count("text")  # pyright: ignore[reportPrivateUsage] -- through the loop it would end the test run


def test_without_tiktoken_counts_are_estimates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "tiktoken", None)
    counter = TiktokenTokens("gpt-4o", tmp_path)
    assert not asyncio.run(counter.warm())
    assert count(counter, "", "abcd", "abcde", "é" * 4) == [TokenCount(tokens=n, estimated=True) for n in (0, 1, 2, 2)]
    assert len(caplog.records) == 1


def test_a_folder_that_cannot_be_made_gives_estimates(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert count(TiktokenTokens("gpt-4o", tmp_path / "file" / "cache"), "abcd") == [TokenCount(tokens=1, estimated=True)]


def test_counting_leaves_the_loop_alone(gpt4o: TiktokenTokens, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def encoded_length(*_: Any) -> int:
        seen.append(threading.get_ident())
        return 1

    monkeypatch.setattr(tokens, "_encoded_length", encoded_length)
    count(gpt4o, "one", "two", "y" * 50_000)
    assert len(seen) == 3
    assert threading.get_ident() not in seen


def test_repeated_texts_are_counted_once_and_long_ones_not_kept(gpt4o: TiktokenTokens, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []

    def encoded_length(_: Any, text: str) -> int:
        counted.append(len(text))
        return 1

    monkeypatch.setattr(tokens, "_encoded_length", encoded_length)
    count(gpt4o, "same", "same", "y" * 50_000)
    count(gpt4o, "same", "y" * 50_000)
    assert counted == [4, 50_000, 50_000]


def in_new_process(cache: Path, code: str = "") -> str:
    """Loads and counts in a fresh interpreter where any connection is a failure."""
    script = f"""
import asyncio, pathlib, socket
def refuse(*_a, **_k): raise SystemExit("network!")
socket.getaddrinfo = socket.create_connection = socket.socket.connect = refuse
from agent.adapters.tokens import TiktokenTokens
{code}
print(asyncio.run(TiktokenTokens("gpt-4o", pathlib.Path({str(cache)!r})).count(["hello world"])))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def test_a_fresh_process_needs_no_network(tmp_path: Path) -> None:
    assert "tokens=2, estimated=False" in in_new_process(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [O200K_SHA1]


def test_a_damaged_cache_is_repaired_not_downloaded(tmp_path: Path) -> None:
    (tmp_path / O200K_SHA1).write_bytes(b"half a fi")
    assert "tokens=2, estimated=False" in in_new_process(tmp_path)


def test_building_touches_nothing(tmp_path: Path) -> None:
    TiktokenTokens("gpt-4o", tmp_path / "never")
    assert not (tmp_path / "never").exists()
