"""Web pages of other origins, open in the same browser: what they send to this service of their own accord changes nothing."""

from playwright.sync_api import Browser

from tests.integration.client import Client
from tests.integration.endpoint import EndpointThread, held, mark
from tests.integration.stack import Stack

STOP = "url => { void fetch(url, { method: 'POST', mode: 'no-cors' }); }"


def test_a_page_of_another_origin_does_not_stop_an_answer(service: Stack, browser: Browser, endpoint: EndpointThread) -> None:
    client, message = Client(service.url), f"{mark()} [[script: {held(8)}]]"
    page = browser.new_page(extra_http_headers={"X-User-Id": client.user})
    page.goto(
        service.url.replace("127.0.0.1", "localhost") + "/livez"
    )  # another origin, and no page of ours with its own rules
    with client.say(message) as stream:
        stream.until("text.delta")
        with page.expect_response("**/stop") as refused:
            page.evaluate(STOP, f"{service.url}/api/chat/main/stop")
        endpoint.release(message)
        answer = stream.rest()
    page.close()
    client.close()
    assert refused.value.status == 403
    assert answer.end.event == "turn.completed"
