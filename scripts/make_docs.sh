#!/usr/bin/env bash
# Builds the documentation site into build/docs (or the given folder). Sphinx has an environment of its own in .cache/docs:
# a market needs none of it.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/trust.sh
target=${1:-build/docs}

uv=uv
uv --version >/dev/null 2>&1 || uv=.cache/uv/bin/uv
if [ ! -e .cache/docs/.made ] || [ requirements/docs.txt -nt .cache/docs/.made ]; then
  "$uv" venv --quiet --clear --python .venv/bin/python .cache/docs
  "$uv" pip install --quiet --python .cache/docs/bin/python --require-hashes -r requirements/docs.txt
  touch .cache/docs/.made
fi
.cache/docs/bin/python scripts/build_docs.py "$target"
