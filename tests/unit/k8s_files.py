"""The manifests, read."""

from pathlib import Path
from typing import Any, cast

import yaml

ROOT = Path(__file__).parents[2]
K8S = ROOT / "k8s"
RESOURCES = ROOT / "agent/local/resources"
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
