"""The OpenAPI document is complete: every route, every error, every event."""

from typing import Any, get_args

from fastapi.routing import APIRoute

from agent.domain import events
from tests.unit.api.service import Service

SHARED = {"403": "OtherOrigin", "405": "MethodNotAllowed", "421": "BadHost", "500": "InternalError"}
OWN_SHAPE = {"/v1/": "ErrorBody"}  # wires whose clients expect errors of another form
VERBS = {"get", "post", "put", "delete", "patch"}


async def document(service: Service) -> dict[str, Any]:
    async with service.client() as client:
        answer = await client.get("/openapi.json")
        assert answer.status_code == 200
        assert (await client.get("/openapi.json")).json() == answer.json()
        return answer.json()


def operations(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {f"{verb.upper()} {path}": o for path, item in told["paths"].items() for verb, o in item.items() if verb in VERBS}


def shape_of(name: str) -> str:
    """The schema of the refusals of an operation."""
    path = name.split(" ")[1]
    return next((shape for prefix, shape in OWN_SHAPE.items() if path.startswith(prefix)), "ProblemBody")


async def test_every_route_is_told_with_a_sentence_and_a_description_of_each_answer(service: Service) -> None:
    told = operations(await document(service))
    served = [r for router in service.routers for r in router.routes if isinstance(r, APIRoute)]
    routes = {f"{verb} {route.path}" for route in served for verb in route.methods or ()}
    assert set(told) == routes
    assert len(routes) > 15
    for name, operation in told.items():
        assert operation.get("summary"), name
        assert operation.get("tags"), name
        assert operation.get("description"), name
        own = {code: answer for code, answer in operation["responses"].items() if code not in SHARED}
        assert all(answer["description"] for answer in own.values()), name


async def test_what_any_route_may_answer_is_told_once(service: Service) -> None:
    told = await document(service)
    for name, operation in operations(told).items():
        for code, shared in SHARED.items():
            if shape_of(name) != "ProblemBody":
                content = operation["responses"][code]["content"]["application/json"]
                assert content["schema"] == {"$ref": f"#/components/schemas/{shape_of(name)}"}, name
                continue
            assert operation["responses"][code] == {"$ref": f"#/components/responses/{shared}"}, name
    assert set(told["components"]["responses"]) == set(SHARED.values())
    for answer in told["components"]["responses"].values():
        assert answer["description"]
        assert answer["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/ProblemBody"}


async def test_every_route_that_can_refuse_says_how(service: Service) -> None:
    calm = {"GET /livez", "GET /about", "GET /dev/notifications"}
    for name, operation in operations(await document(service)).items():
        codes = set(operation["responses"]) - set(SHARED)
        if name in calm:
            assert codes == {"200"}
            continue
        assert any(code.startswith(("4", "5")) for code in codes), name
        if name != "GET /readyz":
            assert "400" in codes, name
        if "{" in name:
            assert "404" in codes, name
        if name.startswith(("POST", "PUT")):
            assert {"413", "415"} <= codes, name
            assert ("422" in codes) != name.startswith("POST /v1/"), name
        for code in codes - {"200", "204"}:
            [(kind, content)] = operation["responses"][code]["content"].items()
            if "/api/chat" in name:  # its client shows a refusal's body as it is
                assert (kind, content["schema"]) == ("text/plain", {"type": "string"}), (name, code)
            else:
                assert content["schema"] == {"$ref": f"#/components/schemas/{shape_of(name)}"}, (name, code)


async def test_every_event_has_its_schema_and_its_line(service: Service) -> None:
    told = await document(service)
    schemas = told["components"]["schemas"]
    turn_events = [m for part in get_args(events.AnyTurnEvent) for m in (get_args(part) or [part])]
    assert len(turn_events) == 12
    for model in turn_events:
        name = model.model_fields["type"].default
        assert schemas[model.__name__]["properties"]["type"]["const"] == name
        assert f"| `{name}` | {model.__name__} |" in told["info"]["description"]
    for model in get_args(events.AnyFeedEvent):
        assert "event_type" in schemas[model.__name__]["properties"]
        names = ", ".join(f"`{name}`" for name in get_args(model.model_fields["event_type"].annotation))
        assert f"| {names} | {model.__name__} |" in told["info"]["description"]


async def test_every_reference_leads_somewhere(service: Service) -> None:
    told = await document(service)
    found: list[str] = []

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            found.extend(v for k, v in node.items() if k == "$ref")
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(told)
    assert found
    missing = {ref for ref in found if ref.split("/")[3] not in told["components"][ref.split("/")[2]]}
    assert missing == set()


async def test_streams_say_that_they_are_streams(service: Service) -> None:
    told = operations(await document(service))
    for name in ("POST /chat", "GET /events", "POST /v1/responses", "POST /agui"):
        assert "text/event-stream" in told[name]["responses"]["200"]["content"]
