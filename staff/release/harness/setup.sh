#!/usr/bin/env bash
# Runs once, as root, when the grading image is built: a Python of its own with the pinned requirements.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
source_folder=$(cd "$(dirname "$0")" && pwd)

python=""
for candidate in python3.13 python3.12 python3.11 python3; do
    if command -v "$candidate" >/dev/null &&
        "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    apt-get update
    apt-get install -y --no-install-recommends python3.11 python3.11-venv
    python=python3.11
fi

# Outside /root, so that the unprivileged user who runs students' code can read it.
"$python" -m venv /opt/nn-autograder
requirement=$(grep '^torch==' "$source_folder/requirements.txt")
/opt/nn-autograder/bin/pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu "$requirement"
/opt/nn-autograder/bin/pip install --no-cache-dir -r "$source_folder/requirements.txt"
/opt/nn-autograder/bin/python -m compileall -q "$source_folder"
/opt/nn-autograder/bin/python -c 'import torch, numpy; print("torch", torch.__version__, "numpy", numpy.__version__)'
