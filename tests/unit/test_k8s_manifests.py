"""The manifests say only what Kubernetes and Dapr understand, and agree with each other and with the Dockerfile.

Built-in kinds are checked against Kubernetes' own schemas; Dapr kinds against the CRDs, and annotations against the injector's
list, of the very Dapr release we run: its Go module, which `make run` builds from. Without Go the tests fail and say so.
"""

import copy
import functools
import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, cast

import jsonschema
import kubernetes_validate  # pyright: ignore[reportMissingTypeStubs]
import pytest
import yaml

from agent.local.dapr_binaries import DAPR_VERSION
from agent.settings import Settings

ROOT = Path(__file__).parents[2]
K8S = ROOT / "k8s"
DAPR = f"github.com/dapr/dapr@v{DAPR_VERSION}"
KUBERNETES = "1.34"
Json = dict[str, Any]

FILES = sorted(K8S.rglob("*.yaml"))
DOCUMENTS = [
    (path, cast(Json, document))
    for path in FILES
    if path.name != "kustomization.yaml"
    for document in yaml.safe_load_all(path.read_text())
]
BY_NAME = {(d["kind"], d["metadata"]["name"]): d for _, d in DOCUMENTS}
APP = BY_NAME["Deployment", "task-agent"]
APP_POD = APP["spec"]["template"]
APP_CONTAINER = APP_POD["spec"]["containers"][0]
ANNOTATIONS: dict[str, str] = APP_POD["metadata"]["annotations"]
SETTINGS: dict[str, str] = BY_NAME["ConfigMap", "task-agent"]["data"]
WORKLOADS = [d for _, d in DOCUMENTS if d["kind"] in ("Deployment", "StatefulSet")]
DAPR_KINDS = [d for _, d in DOCUMENTS if d["apiVersion"].startswith("dapr.io/")]


def name_of(document: Json) -> str:
    return f"{document['kind']}-{document['metadata']['name']}"


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


def test_kustomizations_list_every_manifest_and_nothing_else() -> None:
    listed: set[Path] = set()
    for path in FILES:
        if path.name == "kustomization.yaml":
            content = yaml.safe_load(path.read_text())
            assert set(content) <= {"apiVersion", "kind", "namespace", "resources"}
            for resource in content["resources"]:
                target = (path.parent / resource).resolve()
                listed.add(target / "kustomization.yaml" if target.is_dir() else target)
    assert listed == {p for p in FILES if p.name != "secrets.example.yaml"} - {K8S / "overlays/dev/kustomization.yaml"}


def nodes(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield cast(Json, value)
        value = list(cast(Json, value).values())
    if isinstance(value, list):
        for child in cast(list[Any], value):
            yield from nodes(child)


def test_every_secret_and_config_map_named_exists() -> None:
    secrets = {d["metadata"]["name"]: d["stringData"] for _, d in DOCUMENTS if d["kind"] == "Secret"}
    for document in (d for _, d in DOCUMENTS):
        for node in nodes(document):
            if ref := node.get("secretKeyRef"):
                assert ref["key"] in secrets[ref["name"]]
            for ref in (node.get("configMapRef"), node.get("configMap")):
                assert not ref or ("ConfigMap", ref["name"]) in BY_NAME
    for annotation in ("dapr.io/api-token-secret", "dapr.io/app-token-secret"):
        assert "token" in secrets[ANNOTATIONS[annotation]]
    script = (K8S / "secrets.sh").read_text()
    made = dict(re.findall(r"^make_secret (\S+) (\S+)$", script, re.M))
    assert made == {name: next(iter(data)) for name, data in secrets.items() if name != "task-agent-model"}


def test_no_secret_value_is_written_down() -> None:
    for path, document in DOCUMENTS:
        if document["kind"] == "Secret":
            assert path.name == "secrets.example.yaml"
            assert set(document["stringData"].values()) == {"REPLACE-ME"}
    for component in (d for d in DAPR_KINDS if d["kind"] == "Component"):
        assert not [m for m in component["spec"]["metadata"] if "value" in m and re.search("password|token$", m["name"], re.I)]


def test_dapr_resources_are_scoped_to_the_app_and_found_by_it() -> None:
    for document in DAPR_KINDS:
        if document["kind"] != "Configuration":
            assert document["scopes"] == [ANNOTATIONS["dapr.io/app-id"]]
    assert ("Configuration", ANNOTATIONS["dapr.io/config"]) in BY_NAME
    documents = [yaml.safe_load(path.read_text()) for path in (ROOT / "agent/local/resources").rglob("*.yaml")]
    local = {document["metadata"]["name"] for document in documents if document["kind"] == "Component"}
    assert {name for kind, name in BY_NAME if kind == "Component"} == local == {"statestore", "pubsub", "notify"}
    assert {"name": "actorStateStore", "value": "true"} in BY_NAME["Component", "statestore"]["spec"]["metadata"]


def test_resiliency_never_retries_and_names_what_exists() -> None:
    spec = BY_NAME["Resiliency", "task-agent"]["spec"]
    assert "retries" not in spec["policies"]
    for name, target in spec["targets"]["components"].items():
        assert ("Component", name) in BY_NAME
        assert target["outbound"]["timeout"] in spec["policies"]["timeouts"]
        assert target["outbound"]["circuitBreaker"] in spec["policies"]["circuitBreakers"]


def test_ports_and_folders_agree_everywhere() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert re.findall(r"^USER (\d+)", dockerfile, re.M) == [str(APP_POD["spec"]["securityContext"]["runAsUser"])]
    assert {k: v for k, v in re.findall(r"\b(TASK_AGENT_[A-Z_]+)=(\S+)", dockerfile)} == SETTINGS
    assert SETTINGS["TASK_AGENT_HOST"] == "127.0.0.1"
    assert ANNOTATIONS["dapr.io/app-port"] == SETTINGS["TASK_AGENT_APP_PORT"]
    notify = {m["name"]: m.get("value", "") for m in BY_NAME["Component", "notify"]["spec"]["metadata"]}
    assert notify["url"].startswith(f"http://127.0.0.1:{SETTINGS['TASK_AGENT_APP_PORT']}/")
    assert [str(p["containerPort"]) for p in APP_CONTAINER["ports"]] == [SETTINGS["TASK_AGENT_PORT"]]
    mounts = {m["mountPath"]: m["name"] for m in APP_CONTAINER["volumeMounts"]}
    assert {SETTINGS["TASK_AGENT_DATA_DIR"], "/tmp"} <= set(mounts)
    assert {v["name"] for v in APP_POD["spec"]["volumes"] if "emptyDir" in v} == set(mounts.values())


def test_the_app_gets_only_settings_it_reads() -> None:
    given = {*SETTINGS, *(variable["name"] for variable in APP_CONTAINER["env"])}
    assert given <= {str(field.validation_alias) for field in Settings.model_fields.values()}
    assert {"DAPR_API_TOKEN", "APP_API_TOKEN"} <= given


def test_services_reach_their_pods() -> None:
    pods = [w["spec"]["template"] for w in WORKLOADS]
    for service in (d["spec"] for _, d in DOCUMENTS if d["kind"] == "Service"):
        (pod,) = [p for p in pods if service["selector"].items() <= p["metadata"]["labels"].items()]
        ports = {p["name"]: p["containerPort"] for c in pod["spec"]["containers"] for p in c["ports"]}
        assert all(ports[p["targetPort"]] == p["port"] for p in service["ports"])


def test_two_replicas_survive_an_upgrade_and_a_drain() -> None:
    assert APP["spec"]["replicas"] == 2
    assert APP["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    budget = BY_NAME["PodDisruptionBudget", "task-agent"]["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"] == APP["spec"]["selector"] == {"matchLabels": APP_POD["metadata"]["labels"]}
    stop = int(ANNOTATIONS["dapr.io/block-shutdown-duration"].removesuffix("s"))
    assert APP_POD["spec"]["terminationGracePeriodSeconds"] > stop + int(ANNOTATIONS["dapr.io/graceful-shutdown-seconds"])


@pytest.mark.parametrize("workload", WORKLOADS, ids=name_of)
def test_pods_satisfy_the_restricted_standard(workload: Json) -> None:
    pod = workload["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not set(pod) & {"hostNetwork", "hostPID", "hostIPC"}
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"cpu", "memory"} <= set(container["resources"]["requests"])
        assert "memory" in container["resources"]["limits"]


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path in cast(Any, self.server).good else 503)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.mark.parametrize(
    ("probe", "path"), [("startupProbe", "/readyz"), ("readinessProbe", "/readyz"), ("livenessProbe", "/livez")]
)
def test_probes_tell_a_good_answer_from_a_bad_one_and_from_none(probe: str, path: str) -> None:
    command = APP_CONTAINER[probe]["exec"]["command"]
    assert command[0] == "python"

    def run(port: int) -> int:
        env = {"TASK_AGENT_PORT": str(port)}
        return subprocess.run([sys.executable, *command[1:]], env=env, capture_output=True, timeout=20).returncode

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        cast(Any, server).good = {path}
        assert run(server.server_port) == 0
        cast(Any, server).good = set[str]()
        assert run(server.server_port) != 0
        server.shutdown()
    assert run(server.server_port) != 0
