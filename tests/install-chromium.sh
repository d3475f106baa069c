#!/bin/sh
# The tests of the page drive the distribution's Chromium: only the binary is needed, and no other browser is downloaded.
set -eu
command -v chromium >/dev/null && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "The tests of the page need chromium on the PATH (Debian: sudo apt-get install chromium)." >&2
    exit 1
fi
echo "Installing chromium for the tests of the page ..." >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends chromium >/dev/null
