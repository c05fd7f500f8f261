#!/bin/sh
# Makes the virtual environment $1. A bare Debian splits venv into a package of its own, so that
# one is installed when it is missing and we may; otherwise one sentence says what to do.
set -eu
if [ -x "$1/bin/python" ]; then exit 0; fi
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Python 3.11 or newer is needed; python3 here is older." >&2
    exit 1
}
if python3 -m venv "$1" >/dev/null 2>&1; then exit 0; fi
rm -rf "$1"
as_root=""
if [ "$(id -u)" != 0 ]; then as_root="sudo -n"; fi
if command -v apt-get >/dev/null && $as_root true 2>/dev/null; then
    $as_root apt-get update -qq
    $as_root apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
    exec python3 -m venv "$1"
fi
echo "python3 can't make a virtual environment; run: sudo apt-get install python3-venv" >&2
exit 1
