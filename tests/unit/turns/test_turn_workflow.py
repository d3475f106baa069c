"""TurnWorkflow as the engine drives it: what it asks for, in which order, and that a replay asks the same."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple, cast

import pytest
from dapr.ext.workflow import DaprWorkflowContext, RetryPolicy, TaskFailedError
from dapr.ext.workflow._durabletask.internal.protos import TaskFailureDetails
from hypothesis import given
from hypothesis import strategies as st

from agent.domain.limits import MODEL_ATTEMPTS_MAX, MODEL_RETRY_AFTER_MAX, TURN_STEPS_MAX
from agent.domain.turn_record import Failure
from workflows.turn import turn_workflow
from workflows.turn_contracts import Generated, TurnInput

TURN = TurnInput(tenant="default", user="local", conversation="main", turn_id="main.1.x", instance="i-1")
BUSY = Failure(code="model_rate_limited", message="Slow down.", retryable=True)
REFUSED = Failure(code="model_rejected", message="No.", retryable=False)
BROKEN = "broken"  # the activity raised, and its retries are used up
TOO_LONG = Failure(code="context_too_long", message="Too long.", retryable=True)
ENDLESS = 200
SPREAD = 1.25  # a wait is longer than asked for by up to a quarter


class Asked(NamedTuple):
    """One thing the workflow waits for."""

    what: str
    input: Any = None
    retry: RetryPolicy | None = None

    @property
    def step(self) -> int:
        return self.input["step"]


class Engine:
    """The few verbs of a workflow context that a turn uses."""

    def __init__(self) -> None:
        self.instance_id = TURN.instance

    def call_activity(self, name: str, *, input: Any, retry_policy: RetryPolicy) -> Asked:
        return Asked(name, input, retry_policy)

    def create_timer(self, fire_at: timedelta) -> Asked:
        return Asked("timer", fire_at)


def run(answer: Callable[[Asked], Any]) -> list[Asked]:
    """Runs one instance to its end, ``answer`` giving each activity's output, or BROKEN."""
    workflow = turn_workflow(cast("DaprWorkflowContext", Engine()), TURN)
    asked: list[Asked] = []
    output: Any = None
    try:
        while len(asked) < ENDLESS:
            task = workflow.throw(failed()) if output is BROKEN else workflow.send(output)
            asked.append(task)
            output = answer(task)
    except StopIteration as end:
        assert end.value is None
        return asked
    raise AssertionError("the workflow does not end")


def failed() -> TaskFailedError:
    return TaskFailedError("activity failed", TaskFailureDetails(errorMessage="gone", errorType="Superseded"))


def scripted(*generated: Generated | str, others: dict[str, Any] | None = None) -> Callable[[Asked], Any]:
    """Outputs of ``generate`` in turn; {} for every other activity unless ``others`` says more."""
    left = list(generated)

    def answer(asked: Asked) -> Any:
        if asked.what == "generate":
            said = left.pop(0)
            return said if isinstance(said, str) else said.model_dump(mode="json")
        return (others or {}).get(asked.what, {})

    return answer


def names(asked: list[Asked]) -> list[str]:
    return [a.what for a in asked]


def gen(kind: str, failure: Failure | None = None, retry_after: float | None = None, *, trimmed: bool = False) -> Generated:
    return Generated.model_validate({"kind": kind, "failure": failure, "retry_after": retry_after, "trimmed": trimmed})


def test_an_answer_then_the_news() -> None:
    asked = run(scripted(gen("answered")))
    assert names(asked) == ["generate", "publish_events"]
    assert asked[0].input == {**TURN.model_dump(), "step": 0, "retry": 0}
    assert asked[1].input == TURN.model_dump()


def test_tools_between_steps_of_the_same_number() -> None:
    asked = run(scripted(gen("tools"), gen("tools"), gen("answered")))
    assert names(asked) == ["generate", "run_tools", "generate", "run_tools", "generate", "publish_events"]
    assert [a.step for a in asked[:-1]] == [0, 0, 1, 1, 2]


def test_a_void_workflow_does_nothing_more() -> None:
    assert names(run(scripted(gen("void")))) == ["generate"]
    assert names(run(scripted(gen("tools"), gen("void")))) == ["generate", "run_tools", "generate"]


def test_a_turn_that_was_over_is_still_told() -> None:
    assert names(run(scripted(gen("ended")))) == ["generate", "publish_events"]


def test_a_failing_endpoint_is_tried_again_after_a_wait_within_the_same_step() -> None:
    asked = run(scripted(gen("tools"), gen("failed", BUSY), gen("answered")))
    assert names(asked) == ["generate", "run_tools", "generate", "timer", "generate", "publish_events"]
    assert [a.step for a in asked if a.what == "generate"] == [0, 1, 1]


def test_attempts_are_bounded_and_the_last_failure_is_the_turns() -> None:
    asked = run(scripted(*[gen("failed", BUSY)] * MODEL_ATTEMPTS_MAX))
    assert [a.input["retry"] for a in asked if a.what == "generate"] == list(range(MODEL_ATTEMPTS_MAX))
    assert names(asked)[-3:] == ["generate", "fail_turn", "publish_events"]
    told = {**BUSY.model_dump(), "message": f"Slow down; tried {MODEL_ATTEMPTS_MAX} times."}
    assert asked[-2].input == {"ref": {**TURN.model_dump(), "step": 0, "retry": 0}, "failure": told}
    waits = [a.input.total_seconds() for a in asked if a.what == "timer"]
    assert waits == sorted(waits), "each wait is longer than the one before"
    assert len(waits) == MODEL_ATTEMPTS_MAX - 1


def test_attempts_are_counted_per_step() -> None:
    step = [gen("failed", BUSY)] * (MODEL_ATTEMPTS_MAX - 1)
    asked = run(scripted(*step, gen("tools"), *step, gen("answered")))
    assert "fail_turn" not in names(asked)


@pytest.mark.parametrize(("asked_for", "waited"), [(7.0, 7.0), (9e9, MODEL_RETRY_AFTER_MAX)])
def test_retry_after_is_honoured_within_its_bound(asked_for: float, waited: float) -> None:
    asked = run(scripted(gen("failed", BUSY, asked_for), gen("answered")))
    assert waited <= asked[1].input.total_seconds() <= waited * SPREAD


def test_what_cannot_work_later_is_not_tried_again() -> None:
    asked = run(scripted(gen("failed", REFUSED)))
    assert names(asked) == ["generate", "fail_turn", "publish_events"]
    assert asked[1].input["failure"]["code"] == "model_rejected"


def test_a_context_that_gets_smaller_is_sent_at_once() -> None:
    asked = run(scripted(gen("failed", TOO_LONG, trimmed=True), gen("answered")))
    assert names(asked) == ["generate", "generate", "publish_events"]
    assert [a.input["retry"] for a in asked[:2]] == [0, 1], "it was heard of"


def test_a_context_that_gets_smaller_counts_as_an_attempt() -> None:
    asked = run(scripted(*[gen("failed", TOO_LONG, trimmed=True)] * MODEL_ATTEMPTS_MAX))
    assert names(asked) == ["generate"] * MODEL_ATTEMPTS_MAX + ["fail_turn", "publish_events"]


def test_a_model_that_only_asks_for_tools_is_stopped() -> None:
    asked = run(scripted(*[gen("tools")] * TURN_STEPS_MAX))
    assert names(asked) == ["generate", "run_tools"] * TURN_STEPS_MAX + ["fail_turn", "publish_events"]
    assert asked[-2].input["failure"]["code"] == "steps_exhausted"


def test_whatever_an_activity_died_of_the_turn_ends() -> None:
    generate = run(scripted(BROKEN))
    tools = run(scripted(gen("tools"), others={"run_tools": BROKEN}))
    assert names(generate) == ["generate", "fail_turn", "publish_events"]
    assert names(tools) == ["generate", "run_tools", "fail_turn", "publish_events"]
    for asked in (generate, tools):
        assert asked[-2].input["failure"]["code"] == "internal_error"
        assert "gone" not in asked[-2].input["failure"]["message"], "what broke inside is no news for the user"


def test_an_output_of_another_form_ends_the_turn_too() -> None:
    asked = run(lambda a: {"kind": "from the future"} if a.what == "generate" else {})
    assert names(asked) == ["generate", "fail_turn", "publish_events"]


def test_the_last_acts_are_not_given_up() -> None:
    asked = run(scripted(BROKEN))
    steps, last = asked[0].retry, [a.retry for a in asked[1:]]
    assert steps is not None
    for policy in last:
        assert policy is not None
        assert policy.max_number_of_attempts > 100 * steps.max_number_of_attempts


KINDS = st.sampled_from(["answered", "tools", "failed", "ended", "void", BROKEN])
FAILURES = st.sampled_from([BUSY, REFUSED])
OUTPUTS = st.builds(
    lambda kind, failure, after, trimmed: (
        BROKEN if kind is BROKEN else gen(kind, failure if kind == "failed" else None, after, trimmed=trimmed)
    ),
    KINDS, FAILURES, st.none() | st.floats(0, 100), st.booleans(),
)  # fmt: skip


@given(st.lists(OUTPUTS, min_size=TURN_STEPS_MAX * MODEL_ATTEMPTS_MAX, max_size=TURN_STEPS_MAX * MODEL_ATTEMPTS_MAX))
def test_whatever_happens_it_ends_tells_last_and_asks_the_same_again(outputs: list[Generated | str]) -> None:
    asked = run(scripted(*outputs))
    assert asked == run(scripted(*outputs)), "a replay asks the same"
    waited = sum(a.input.total_seconds() for a in asked if a.what == "timer")
    assert waited <= TURN_STEPS_MAX * (MODEL_ATTEMPTS_MAX - 1) * MODEL_RETRY_AFTER_MAX * SPREAD
    assert names(asked).count("publish_events") + names(asked).count("fail_turn") <= 2
    void = [isinstance(o, Generated) and o.kind == "void" for o in outputs]
    if names(asked)[-1] == "generate":
        assert void[names(asked).count("generate") - 1], "only a void workflow goes without a word"
    else:
        assert names(asked)[-1] == "publish_events"
        assert "publish_events" not in names(asked)[:-1]
