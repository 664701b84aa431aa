#!/usr/bin/env bash
# Builds the wheel of this checkout into a folder: what is installed where the package cannot come from an index.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/trust.sh
uv=uv
if ! "$uv" --version >/dev/null 2>&1; then uv=.cache/uv/bin/uv; fi # put there by make_venv.sh
rm -f "$1"/tradepost-*.whl # an older one beside it would make `tradepost-*.whl` name two
"$uv" build --quiet --wheel --python .venv/bin/python --build-constraints requirements/build.txt --out-dir "$1" .
ls "$1"/tradepost-*.whl
