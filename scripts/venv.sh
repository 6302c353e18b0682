#!/bin/sh
# Make a virtual environment from a lock file, unless an up-to-date one exists.
# Usage: scripts/venv.sh FOLDER LOCK
set -eu
folder=$1 lock=$2

# Print the inputs of an environment: the lock, the interpreter, and the environment's path.
made_of() {
    "$folder/bin/python" -c 'import sys; print(sys.version, sys.prefix)' 2>/dev/null && cat "$lock"
}
if made_of | cmp -s - "$folder/.made-of"; then
    exit 0
fi

# Debian's bare python3 has no ensurepip and cannot make environments. Another python may.
fits() {
    "$1" -c 'import ensurepip, sys, venv
sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}
if [ -n "${PYTHON:-}" ]; then
    set -- "$PYTHON"
else
    set -- python3 python3.11 python3.12 python3.13 python /usr/bin/python3
fi
python=
# A command may exist and not run (a version manager's shim), so each is tried.
for candidate in "$@"; do
    if fits "$candidate"; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "error: Inkling needs Python 3.11, 3.12 or 3.13 with venv, and none of these is one: $*." >&2
    echo "Install one, or name it: make PYTHON=/path/to/python3.12 ..." >&2
    exit 1
fi
if ! mkdir -p "$folder" 2>/dev/null || ! [ -w "$folder" ]; then
    echo "error: $(pwd)/$folder cannot be written to; the environment has to go there." >&2
    exit 1
fi

echo "Installing $lock into $folder with $("$python" --version) (once; a minute or more)"
"$python" -m venv --clear "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
    --require-hashes --only-binary :all: -r "$lock"
made_of >"$folder/.made-of"
