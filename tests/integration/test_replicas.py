"""What only replicas can show: any of them follows, resumes and cancels what another one does, and takes over from who dies.

Three on a Redis of the test's own, so that it can be kept away; and whoever is frozen stays so, as behind a supervisor that is
too late. Which replica works on a turn is Dapr's choice: the tests find out, and read and hurt accordingly.
"""

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.fakes.redis_server import RedisServer
from tests.integration.client import Answer, Client, Frame, Stream
from tests.integration.endpoint import EndpointThread, held
from tests.integration.proc import environment, unread
from tests.integration.profiles import REDIS
from tests.integration.replicas import kill, others, producer
from tests.integration.stack import PATIENCE, Stack, until
from tests.integration.test_chat import NEW_TASK, script, tool
from tests.integration.test_survival import WHOLE, WORDS, slow

ENDLESS = "tokens=600 delay=100ms"


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, endpoint: EndpointThread, redis: RedisServer) -> Iterator[Stack]:
    env = {**endpoint.env, "REDIS_URL": redis.url, "TASK_AGENT_KILL_FROZEN": "no"}
    with REDIS.stack(tmp_path_factory.mktemp("replicas") / "data", env) as running:
        yield running


def whole(client: Client, turn_id: str, after: Frame | None = None) -> Answer:
    with client.follow(turn_id, after.id if after else None) as stream:
        return stream.rest()


def check_answered_once(user: Client, turn_id: str, text: str = WHOLE) -> None:
    """The turn completed with ``text``, the conversation holds nothing else, and every replica says and shows the same."""
    turn = user.ended(turn_id, 60)
    assert (turn["status"], turn["message"]["content"]) == ("completed", text)
    for replica in range(len(user.urls)):
        there = user.at(replica)
        assert there.turn(turn_id) == turn
        history = there.get("/history")
        assert [t["turn_id"] for t in history["turns"]] == [turn_id]
        assert [m["role"] for m in history["turns"][0]["messages"]].count("user") == 1
        assert whole(there, turn_id).text() == text


# --- one turn, from everywhere --------------------------------------------------------------------------------------------


def test_all_replicas_show_the_same_bytes(stack: Stack, user: Client, endpoint: EndpointThread) -> None:
    said = script(tool("create_task", NEW_TASK), f"tokens={WORDS} delay=100ms")
    turn_id = user.drop(said)
    replica = producer(stack, endpoint, said, attempt=2)

    def raw(number: int) -> bytes:
        with user.at(number).http.stream("GET", f"/turns/{turn_id}/events") as response:
            return b"".join(chunk for chunk in response.iter_raw())

    with ThreadPoolExecutor() as pool:
        near, *far = pool.map(raw, [replica, *others(stack, replica)])
    assert near.count(b"event: text.delta") > 3, "word by word, also while it ran"
    assert [without_pings(seen) for seen in far] == [without_pings(near)] * 2
    check_answered_once(user, turn_id)


def without_pings(seen: bytes) -> bytes:
    return b"\n\n".join(block for block in seen.split(b"\n\n") if not block.startswith(b":"))


def test_a_reader_goes_from_one_to_the_next(stack: Stack, user: Client, endpoint: EndpointThread) -> None:
    """It leaves in the middle of the answer, every time, and misses nothing and sees nothing twice."""
    words = 80  # a delta holds all that has come in between: long enough for eight of them on any machine
    said = script(f"{held(words)} delay=100ms")
    turn_id, seen = user.drop(said), list[Frame]()
    for replica in (0, 1, 2, 1):
        with user.at(replica).follow(turn_id, seen[-1].id if seen else None) as stream:
            for _ in range(2):
                stream.until("text.delta")
        seen += [frame for frame in stream.seen if frame.event]
    endpoint.release(said)
    seen += [frame for frame in whole(user.at(0), turn_id, seen[-1]).frames if frame.event]
    assert tuple(seen) == whole(user.at(2), turn_id).frames
    check_answered_once(user, turn_id, " ".join(f"w{n}" for n in range(words)))


def test_cancelled_from_another_one(stack: Stack, user: Client, endpoint: EndpointThread) -> None:
    said = script(ENDLESS)
    turn_id = user.drop(said)
    replica = producer(stack, endpoint, said)
    near, far, third = (user.at(number) for number in (replica, *others(stack, replica)))
    with near.follow(turn_id) as one, third.follow(turn_id) as other:
        for stream in (one, other):
            stream.until("text.delta")
        assert far.post(f"/turns/{turn_id}/cancel") == {"turn_id": turn_id, "status": "cancelled"}
        seen = [stream.rest() for stream in (one, other)]
    assert [answer.end.event for answer in seen] == ["turn.cancelled"] * 2
    assert seen[0].text() == seen[1].text()
    until(lambda: endpoint.requests(said)[0].disconnected is not None, PATIENCE, lambda: "the provider's stream stays open")
    kept = user.eventually(f"/turns/{turn_id}", lambda turn: turn["message"] is not None)["message"]
    assert (kept["content"], kept["interrupted"]) == (seen[0].text(), True)
    assert near.post(f"/turns/{turn_id}/cancel")["status"] == "cancelled"
    assert far.ask(script('text="next"')).text() == "next"
    assert len(endpoint.requests(said)) == 1


def test_one_key_on_all_of_them_at_once_is_one_turn(stack: Stack, user: Client, endpoint: EndpointThread) -> None:
    body, key = {"message": script("tokens=20 delay=20ms")}, {"Idempotency-Key": "the same"}

    def post(replica: int) -> tuple[str, tuple[Frame, ...]]:
        with user.at(replica).http.stream("POST", "/chat", json=body, headers=key) as response:
            assert response.status_code == 200, response.read()
            answer = Stream(response).rest()
        return answer.turn_id, tuple(frame for frame in answer.frames if frame.event)

    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(post, [0, 1, 2] * 3))
    assert len(set(turn for turn, _ in answers)) == 1
    assert [frames for _, frames in answers] == [answers[0][1]] * 9
    assert len(endpoint.requests(body["message"])) == 1
    assert user.get("/history")["total_turns"] == 1


# --- one of them dies, or sleeps ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [("app",), ("daprd",), ("daprd", "app")], ids="+".join)
def test_another_one_takes_over(stack: Stack, user: Client, endpoint: EndpointThread, names: tuple[str, ...]) -> None:
    said = script(slow())
    turn_id = user.drop(said)
    replica = producer(stack, endpoint, said)
    with user.at(others(stack, replica)[0]).follow(turn_id) as stream:
        stream.until("text.delta")
        back = [kill(stack, name, replica) for name in names]
        endpoint.wait(said, lambda seen: len(seen) == 2)
        endpoint.release(said)
        answer = stream.rest()
    assert answer.events.count("step.restarted") == 1
    assert answer.text() == answer.end.data["message"]["content"] == WHOLE
    for each in back:
        each()
    check_answered_once(user, turn_id)
    assert len(endpoint.requests(said)) == 2, "the model was asked once more"


@pytest.mark.parametrize("name", ["app", "daprd"])
def test_who_reads_while_actors_move_waits_and_is_refused_nothing(stack: Stack, name: str) -> None:
    """Eight conversations, spread over the replicas; one of these dies, and all are read at the other two."""
    people = [Client(stack.urls) for _ in range(8)]
    for person in people:
        person.ask(script('text="hi"'))
    moved, alive = threading.Event(), others(stack, 0)

    def read(number: int) -> set[tuple[int, str]]:
        there, seen = people[number].at(alive[number % len(alive)]), set[tuple[int, str]]()
        while not (moved.is_set() and seen):
            answer = there.http.get("/history")
            seen.add((answer.status_code, str(answer.json().get("total_turns", answer.text))))
        return seen

    with ThreadPoolExecutor(len(people)) as pool:
        reading = [pool.submit(read, number) for number in range(len(people))]
        try:
            kill(stack, name, 0)()
        finally:
            moved.set()
        seen = {one for each in reading for one in each.result(60)}
    for person in people:
        person.close()
    assert seen == {(200, "1")}


def test_a_call_that_a_busy_app_had_not_read_when_it_died_is_made_again(stack: Stack) -> None:
    """The system resets such a connection, and ends the one of a call that was read: the same to who waits for the answer."""
    pid = stack.kill("app", signal.SIGSTOP, 0)
    port = int(environment(pid)["TASK_AGENT_APP_PORT"])

    def reading() -> httpx.Response:
        person = Client(stack.urls).at(1)
        try:
            return person.http.get("/history", timeout=60)
        finally:
            person.close()

    with ThreadPoolExecutor(64) as pool:
        asked = [pool.submit(reading)]
        while unread(port) < 2:  # one is the sidecar's probe: of a conversation that lives at replica 0
            until(lambda: asked[-1].done() or unread(port) > 1, 60, lambda: "nobody answers")
            asked.append(pool.submit(reading))
        back = kill(stack, "app", 0)
        answers = [each.result(60) for each in asked]
    back()
    assert {(answer.status_code, answer.text) for answer in answers if answer.status_code != 200} == set()


def test_who_wakes_after_it_was_replaced_changes_nothing(stack: Stack, user: Client, endpoint: EndpointThread) -> None:
    """App and sidecar sleep until the turn has ended elsewhere, and then go on in the middle of what they did."""
    said, behind = script(tool("create_task", NEW_TASK), slow()), script('text="second"')
    turn_id, queued = user.drop(said), user.drop(behind)
    replica = producer(stack, endpoint, said, attempt=2)
    awake = user.at(others(stack, replica)[0])
    for name in ("app", "daprd"):
        stack.kill(name, signal.SIGSTOP, replica)
    endpoint.release(said)
    try:
        assert awake.ended(turn_id, 60)["message"]["content"] == WHOLE
        assert awake.ended(queued, 60)["message"]["content"] == "second"
    finally:
        for name in ("app", "daprd"):
            stack.kill(name, signal.SIGCONT, replica)
    stack.wait_ready()

    until(lambda: all(r.finished or r.disconnected for r in endpoint.requests(said)), 60, lambda: "the zombie reads on")
    frames = [whole(user.at(number), turn_id).frames for number in range(stack.replicas)]
    assert frames[1:] == frames[:-1]
    assert [(t["turn_id"], t["status"]) for t in user.get("/history")["turns"]] == [
        (turn_id, "completed"),
        (queued, "completed"),
    ]
    assert user.turn(turn_id)["message"]["content"] == WHOLE
    assert len(user.get("/tasks")["tasks"]) == 1
    assert [len(endpoint.requests(text)) for text in (said, behind)] == [3, 1]
    assert user.at(replica).ask(script('text="awake"')).text() == "awake"


# --- what they share dies -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["placement", "scheduler"])
def test_the_control_plane_dies(stack: Stack, user: Client, endpoint: EndpointThread, name: str) -> None:
    said = script(slow())
    turn_id = user.drop(said)
    producer(stack, endpoint, said)
    back = kill(stack, name)
    endpoint.release(said)
    back()
    check_answered_once(user, turn_id)
    for replica in range(stack.replicas):
        assert user.at(replica).ask(script('text="all is well"')).text() == "all is well"
    assert len(endpoint.requests(said)) <= 2


def test_redis_dies_in_the_middle_of_a_turn(stack: Stack, user: Client, redis: RedisServer, endpoint: EndpointThread) -> None:
    said = script(slow())
    turn_id, queued = user.drop(said), user.drop(script('text="second"'))
    producer(stack, endpoint, said)
    redis.kill()
    redis.start()
    endpoint.release(said)

    turns = [user.ended(each, 120) for each in (turn_id, queued)]
    assert [turn["message"]["content"] for turn in turns] == [WHOLE, "second"]
    assert [t["turn_id"] for t in user.get("/history")["turns"]] == [turn_id, queued]
    assert len(endpoint.requests(said)) <= 2
    answer = user.ask(script("tokens=30 delay=100ms"))
    assert answer.events.count("text.delta") > 3, "it streams again, word by word"


def test_without_redis_nothing_is_half_admitted(
    stack: Stack, user: Client, redis: RedisServer, endpoint: EndpointThread
) -> None:
    refused = [script('text="never"') for _ in range(stack.replicas)]
    redis.kill()
    try:
        for replica, said in enumerate(refused):
            answer = user.at(replica).http.post("/chat", json={"message": said}, headers={"Idempotency-Key": said[:40]})
            assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (503, True), answer.text
    finally:
        redis.start()
    stack.wait_ready()
    assert user.eventually("/history", lambda history: True)["turns"] == []
    assert user.ask(script('text="back"')).text() == "back"
    assert [len(endpoint.requests(said)) for said in refused] == [0] * stack.replicas
    assert user.get("/history")["total_turns"] == 1
