#!/usr/bin/env bash
# Runs once, as root, when the grading image is built: a Python of its own with the pinned requirements.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
source_folder=$(cd "$(dirname "$0")" && pwd)
environment=/opt/nn-autograder # outside /root, so that the unprivileged user who runs students' code can read it

# Prints the first Python here that is new enough and can make environments.
usable_python() {
    local candidate
    for candidate in python3.13 python3.12 python3.11 python3; do
        if command -v "$candidate" >/dev/null &&
            "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return 0
        fi
    done
    return 1
}

if ! python=$(usable_python); then
    apt-get update
    if apt-cache show python3.11-venv >/dev/null 2>&1; then
        apt-get install -y --no-install-recommends ca-certificates python3.11 python3.11-venv # Ubuntu 22.04
    else
        apt-get install -y --no-install-recommends ca-certificates python3 python3-venv # later ones
    fi
    if ! python=$(usable_python); then
        echo "setup.sh: no Python 3.11 or newer could be installed; choose Ubuntu 22.04 or later as the base image" >&2
        exit 1
    fi
fi

umask 022
"$python" -m venv --clear "$environment"
requirement=$(grep '^torch==' "$source_folder/requirements.txt")
# the CPU build first: the requirement that follows is then met, and the much larger CUDA build never fetched
"$environment/bin/pip" install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu "$requirement"
"$environment/bin/pip" install --no-cache-dir -r "$source_folder/requirements.txt"
"$environment/bin/python" -m compileall -q "$source_folder" "$environment/lib" >/dev/null || true # only saves time later
"$environment/bin/python" -c 'import torch, numpy; print("torch", torch.__version__, "numpy", numpy.__version__)'
