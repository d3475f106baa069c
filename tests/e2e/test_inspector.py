"""The context inspector: what it shows adds up, to the token, and is what the service says."""

from typing import Any

from playwright.sync_api import expect

from tests.e2e.screen import Person, Screen
from tests.integration.endpoint import mark

TURNS_LISTED = 50  # of the newest, before one asks for older ones


def parts(screen: Screen) -> dict[str, int]:
    told = screen.context.locator("[data-part]")
    return {e.get_attribute("data-part") or "": int(e.get_attribute("data-tokens") or "") for e in told.all()}


def check_sums(screen: Screen, context: dict[str, Any]) -> None:
    expect(screen.context.locator("[data-used]")).to_have_attribute("data-used", str(context["used"]))
    shown = parts(screen)
    assert shown["system"] + shown["exchanges"] + shown["tools"] == context["used"]
    assert sum(shown.values()) == context["budget"]
    messages = [int(e.get_attribute("data-tokens") or "") for e in screen.context.locator(".seen > li").all()]
    assert sum(messages) + shown["tools"] == context["used"]
    assert len(messages) == len(context["messages"])


def test_the_parts_add_up_to_what_is_used_and_the_budget(screen: Screen, person: Person) -> None:
    screen.show("Context")
    check_sums(screen, person.client.get("/context"))
    screen.say(f'{mark()} [[script: tool=list_tasks args={{}}]] [[script: text="Nothing."]]')
    screen.wait_answered(1)
    check_sums(screen, person.client.get("/context"))


def test_what_is_left_out_says_why(screen: Screen, person: Person) -> None:
    for n in range(11):
        person.client.ask(f'{n} [[script: text="ok"]]')
    screen.page.reload()
    screen.show("Context")
    left_out = screen.context.locator(".seen .out")
    expect(left_out).to_have_count(2)
    expect(left_out.first).to_contain_text("only the newest 10 exchanges are sent")
    check_sums(screen, person.client.get("/context"))


def test_what_a_past_turn_was_sent(screen: Screen, person: Person) -> None:
    turns = [person.client.ask(f'{text} [[script: text="ok"]]').turn_id for text in ("first", "second")]
    screen.page.reload()
    screen.show("Context")
    expect(screen.context.get_by_role("button", name="List older turns")).to_have_count(0)
    screen.context.get_by_label("Show").select_option(turns[0])
    expect(screen.context.locator(".seen > li")).to_have_count(2)
    check_sums(screen, person.client.get(f"/turns/{turns[0]}/context"))


def test_each_step_of_a_past_turn(screen: Screen, person: Person) -> None:
    said = f'{mark()} [[script: tool=list_tasks args={{}}]] [[script: text="Nothing."]]'
    turns = [person.client.ask(text).turn_id for text in (said, 'second [[script: text="ok"]]')]
    screen.page.reload()
    screen.show("Context")
    step = screen.context.get_by_role("combobox", name="Step")
    expect(step).to_have_count(0)
    screen.context.get_by_label("Show").select_option(turns[0])
    expect(step.get_by_role("option")).to_have_text(["1 of 2", "2 of 2"])
    check_sums(screen, person.client.get(f"/turns/{turns[0]}/context?step=1"))
    step.focus()
    screen.page.keyboard.press("ArrowUp")
    expect(step).to_have_value("0")
    expect(screen.context.locator(".seen > li")).to_have_count(2)
    check_sums(screen, person.client.get(f"/turns/{turns[0]}/context?step=0"))
    screen.context.get_by_label("Show").select_option(turns[1])
    expect(screen.context.locator(".seen > li")).to_have_count(2 + 4)
    expect(step).to_have_count(0)


def test_turns_of_long_ago_are_a_click_away(screen: Screen, person: Person) -> None:
    turns = [person.client.ask(f'{n} [[script: text="ok"]]').turn_id for n in range(TURNS_LISTED + 1)]
    screen.page.reload()
    screen.show("Context")
    which = screen.context.get_by_label("Show")
    expect(which.get_by_role("option")).to_have_count(1 + TURNS_LISTED)
    screen.context.get_by_role("button", name="List older turns").click()
    expect(which.get_by_role("option")).to_have_count(1 + len(turns))
    which.select_option(turns[0])
    expect(screen.context.locator(".seen > li")).to_have_count(2)
    check_sums(screen, person.client.get(f"/turns/{turns[0]}/context"))
