"""The manifests say only what Kubernetes and Dapr understand.

Built-in kinds are checked against Kubernetes' own schemas; Dapr kinds against the CRDs, and annotations against the injector's
list, of the very Dapr release we run: its Go module, which `make run` builds from. Without Go the tests fail and say so.
"""

import copy
import functools
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import jsonschema
import kubernetes_validate  # pyright: ignore[reportMissingTypeStubs]
import pytest
import yaml

from agent.local.dapr_binaries import DAPR_VERSION
from tests.unit.k8s_files import ANNOTATIONS, BY_NAME, DOCUMENTS, Json, name_of

DAPR = f"github.com/dapr/dapr@v{DAPR_VERSION}"
KUBERNETES = "1.34"


@functools.cache
def dapr_module() -> Path:
    go = shutil.which("go")
    if go is None:
        pytest.fail("Go is not on PATH: the Dapr CRDs come from its Go module. Install Go >= 1.26.5 (https://go.dev/dl).")
    done = subprocess.run([go, "mod", "download", "-json", DAPR], capture_output=True, text=True, cwd="/", timeout=300)
    if done.returncode:
        pytest.fail(f"`go mod download {DAPR}` failed, so the Dapr CRDs are not at hand: {done.stdout}{done.stderr}")
    return Path(json.loads(done.stdout)["Dir"])


@functools.cache
def dapr_schemas() -> dict[tuple[str, str], Json]:
    schemas: dict[tuple[str, str], Json] = {}
    for path in (dapr_module() / "charts/dapr/crds").glob("*.yaml"):
        crd = yaml.safe_load(path.read_text())["spec"]
        for version in crd["versions"]:
            schema = strict(version["schema"]["openAPIV3Schema"])
            schema["required"] = ["apiVersion", "kind", "metadata", *schema.get("required", [])]
            schema["properties"]["metadata"] = {
                "type": "object",
                "properties": {"name": {"type": "string"}, "labels": {"type": "object"}, "annotations": {"type": "object"}},
                "required": ["name"],
                "additionalProperties": False,
            }
            schemas[f"{crd['group']}/{version['name']}", crd["names"]["kind"]] = schema
    return schemas


def strict(schema: Json) -> Json:
    """The API server prunes fields a CRD does not name; here they are errors."""
    schema = dict(schema)
    if "properties" in schema:
        schema["properties"] = {key: strict(value) for key, value in schema["properties"].items()}
    if isinstance(schema.get("items"), dict):
        schema["items"] = strict(schema["items"])
    if isinstance(schema.get("additionalProperties"), dict):
        schema["additionalProperties"] = strict(schema["additionalProperties"])
    elif schema.get("type") == "object" and not schema.get("x-kubernetes-preserve-unknown-fields"):
        schema.setdefault("additionalProperties", False)
    return schema


def validate(document: Json) -> None:
    if document["apiVersion"].startswith("dapr.io/"):
        schema = dapr_schemas()[document["apiVersion"], document["kind"]]
        jsonschema.Draft202012Validator(schema).validate(document)  # pyright: ignore[reportUnknownMemberType]
    else:
        kubernetes_validate.validate(document, KUBERNETES, strict=True)


@pytest.mark.parametrize("document", [d for _, d in DOCUMENTS], ids=name_of)
def test_is_valid(document: Json) -> None:
    validate(document)


def test_without_go_the_failure_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(pytest.fail.Exception, match="Install Go"):
        dapr_module.__wrapped__()


def mutations() -> Iterator[tuple[str, Json]]:
    for _, document in DOCUMENTS:
        wrong = copy.deepcopy(document)
        wrong["sepc"] = {}
        yield name_of(document) + "-top", wrong
    for key, path in {
        ("Deployment", "task-agent"): ("spec", "template", "spec", "containers", 0, "livenessProbe"),
        ("Service", "task-agent"): ("spec", "ports", 0),
        ("Component", "statestore"): ("spec", "metadata", 0),
        ("Configuration", "task-agent"): ("spec", "workflow", "stateRetentionPolicy"),
        ("Resiliency", "task-agent"): ("spec", "policies", "circuitBreakers", "notify"),
    }.items():
        wrong = copy.deepcopy(BY_NAME[key])
        functools.reduce(lambda node, step: node[step], path, cast(Any, wrong))["peroidSeconds"] = 1
        yield "-".join(key) + "-deep", wrong
    wrong = copy.deepcopy(BY_NAME["Component", "pubsub"])
    wrong["spec"]["version"] = 1
    yield "Component-pubsub-type", wrong


WRONG = list(mutations())


@pytest.mark.parametrize("document", [d for _, d in WRONG], ids=[name for name, _ in WRONG])
def test_the_validator_refuses_a_field_or_type_it_does_not_know(document: Json) -> None:
    with pytest.raises((kubernetes_validate.ValidationError, jsonschema.ValidationError)):
        validate(document)


def test_every_dapr_annotation_is_one_the_injector_reads() -> None:
    source = (dapr_module() / "pkg/injector/annotations/annotations.go").read_text()
    assert set(ANNOTATIONS) <= set(re.findall(r'"(dapr\.io/[a-z0-9-]+)"', source))
