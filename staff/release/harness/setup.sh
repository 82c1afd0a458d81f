#!/usr/bin/env bash
# Runs once, as root, when the grading image is built: a Python of its own with the pinned requirements.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
source_folder=$(cd "$(dirname "$0")" && pwd)
environment=/opt/nn-autograder # outside /root, so that the unprivileged user who runs students' code can read it
interpreters=/opt/nn-python

# Prints the first Python here that is new enough, no release candidate, and can make environments. Ubuntu 22.04's own
# python3.11 is a release candidate: torch can be imported there, but its optimizers fail.
usable_python() {
    local candidate
    for candidate in python3.13 python3.12 python3.11 python3 "$interpreters"/*/bin/python3; do
        if command -v "$candidate" >/dev/null && "$candidate" -c '
import sys, venv, ensurepip
sys.exit(sys.version_info < (3, 11) or sys.version_info.releaselevel != "final")' 2>/dev/null; then
            echo "$candidate"
            return 0
        fi
    done
    return 1
}

from_the_system() {
    apt-get update && apt-get install -y --no-install-recommends ca-certificates python3 python3-venv
}

from_deadsnakes() { # newer Pythons for Ubuntu's long-term releases, see https://launchpad.net/~deadsnakes
    apt-get install -y --no-install-recommends software-properties-common gpg gpg-agent &&
        add-apt-repository -y ppa:deadsnakes/ppa &&
        apt-get install -y --no-install-recommends python3.12 python3.12-venv
}

from_uv() { # a Python that needs nothing of the system, see https://docs.astral.sh/uv
    python3 -m venv --clear /opt/nn-uv &&
        /opt/nn-uv/bin/pip install --no-cache-dir uv &&
        UV_PYTHON_INSTALL_DIR=$interpreters /opt/nn-uv/bin/uv python install 3.12
}

umask 022
python=$(usable_python) || python=""
for source in from_the_system from_deadsnakes from_uv; do
    if [ -z "$python" ]; then
        "$source" || echo "setup.sh: no Python $source" >&2
        python=$(usable_python) || python=""
    fi
done
if [ -z "$python" ]; then
    echo "setup.sh: no released Python 3.11 or newer could be had; try a base image with Ubuntu 24.04 or later" >&2
    exit 1
fi

"$python" -m venv --clear "$environment"
requirement=$(grep '^torch==' "$source_folder/requirements.txt")
# The CPU build first: the requirement that follows is then met, and the much larger CUDA build never fetched.
"$environment/bin/pip" install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu "$requirement" ||
    echo "setup.sh: the index of CPU builds did not answer; torch comes from the ordinary index" >&2
"$environment/bin/pip" install --no-cache-dir -r "$source_folder/requirements.txt"
"$environment/bin/python" -m compileall -q "$source_folder"

# One step of training: an image whose torch cannot do that must not be built.
"$environment/bin/python" - <<'END'
import sys

import numpy
import torch

weight = torch.nn.Parameter(torch.ones(1))
optimizer = torch.optim.Adam([weight], lr=0.5)
(weight * weight).sum().backward()
optimizer.step()
assert weight.item() < 1, "an optimizer's step changed nothing"
print("python", sys.version.split()[0], "torch", torch.__version__, "numpy", numpy.__version__)
END
