#!/bin/sh
# Makes the secrets that the manifests name, with random values, where they do not exist yet. Usage: k8s/secrets.sh NAMESPACE
# The values pass through standard input, never through a command line that others can list.
set -eu
namespace=${1:?usage: k8s/secrets.sh NAMESPACE}

make_secret() { # name, key
    if kubectl -n "$namespace" get secret "$1" >/dev/null 2>&1; then
        echo "secret/$1 exists, left alone"
        return
    fi
    value=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
    printf '%s' "$value" | kubectl -n "$namespace" create secret generic "$1" --from-file="$2=/dev/stdin"
}

make_secret task-agent-dapr-api-token token
make_secret task-agent-app-api-token token
make_secret task-agent-redis password
