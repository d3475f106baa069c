#!/bin/sh
# The contract tests of what replicas share run a redis-server of their own: only the binary is needed. (Where systemd runs,
# Debian's package starts its service on loopback as well; the tests do not use it.)
set -eu
command -v redis-server >/dev/null && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "The tests need redis-server on the PATH (Debian: sudo apt-get install redis-server; it need not run as a service)." >&2
    exit 1
fi
echo "Installing redis-server for the tests ..." >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends redis-server >/dev/null
