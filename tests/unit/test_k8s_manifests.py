"""The manifests agree with each other, with the Dockerfile, and with what `task-agent up` runs."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from agent.settings import Settings
from tests.unit.k8s_files import (
    ANNOTATIONS,
    APP,
    APP_CONTAINER,
    APP_POD,
    BY_NAME,
    DAPR_KINDS,
    DOCUMENTS,
    FILES,
    K8S,
    RESOURCES,
    ROOT,
    SETTINGS,
    WORKLOADS,
    Json,
    name_of,
)


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
    documents = [yaml.safe_load(path.read_text()) for path in RESOURCES.rglob("*.yaml")]
    local = {document["metadata"]["name"] for document in documents if document["kind"] == "Component"}
    assert {name for kind, name in BY_NAME if kind == "Component"} == local == {"statestore", "pubsub", "notify"}
    assert {"name": "actorStateStore", "value": "true"} in BY_NAME["Component", "statestore"]["spec"]["metadata"]


def test_resiliency_is_that_of_up() -> None:
    """Which retries nothing that goes out."""
    told = BY_NAME["Resiliency", "task-agent"]["spec"]
    assert told == yaml.safe_load((RESOURCES / "shared/resiliency.yaml").read_text())["spec"]
    assert set(told["targets"]["components"]) <= {name for kind, name in BY_NAME if kind == "Component"}
    assert "retry" not in told["targets"]["components"]["notify"]["outbound"]


@pytest.mark.parametrize("name", ["statestore", "pubsub"])
def test_redis_is_used_as_by_up_and_by_everyone_the_same(name: str) -> None:
    """The same timeouts; one address and one secret for Dapr's components and for the app's streams."""
    told = {m["name"]: m for m in BY_NAME["Component", name]["spec"]["metadata"]}
    local = {m["name"]: m for m in yaml.safe_load((RESOURCES / f"redis/{name}.yaml").read_text())["spec"]["metadata"]}
    assert {m["name"]: m["value"] for m in local.values() if "value" in m}.items() <= {
        m["name"]: m.get("value") for m in told.values()
    }.items()
    variables = {variable["name"]: variable for variable in APP_CONTAINER["env"]}
    assert variables["REDIS_URL"]["value"] == f"redis://:$(REDIS_PASSWORD)@{told['redisHost']['value']}/0"
    assert told["redisPassword"]["secretKeyRef"] == variables["REDIS_PASSWORD"]["valueFrom"]["secretKeyRef"]
    names = [variable["name"] for variable in APP_CONTAINER["env"]]
    assert names.index("REDIS_PASSWORD") < names.index("REDIS_URL"), "only what is defined before is put in"


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
    variables = {variable["name"]: str(variable.get("value", "")) for variable in APP_CONTAINER["env"]}
    put_in = {name for value in variables.values() for name in re.findall(r"\$\((\w+)\)", value)}
    given = {*SETTINGS, *variables}
    assert given - put_in <= {str(field.validation_alias) for field in Settings.model_fields.values()}
    assert {"DAPR_API_TOKEN", "APP_API_TOKEN"} <= given
    assert "TASK_AGENT_DEV" not in given, "one user could make the task workflows of all tenants fail"
    named = next(variable for variable in APP_CONTAINER["env"] if variable["name"] == "TASK_AGENT_REPLICA")
    assert named["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}, "the page tells one pod from another"


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
    program = command[2].replace("timeout=2", "timeout=30")

    def run(port: int) -> int:
        env = {"TASK_AGENT_PORT": str(port)}
        return subprocess.run([sys.executable, command[1], program], env=env, capture_output=True, timeout=60).returncode

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        cast(Any, server).good = {path}
        assert run(server.server_port) == 0
        cast(Any, server).good = set[str]()
        assert run(server.server_port) != 0
        server.shutdown()
    assert run(server.server_port) != 0
