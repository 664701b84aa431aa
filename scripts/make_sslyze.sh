#!/usr/bin/env bash
# Installs sslyze, the TLS scanner of web checks, into .cache/sslyze: a program beside the market, since its pins of cryptography
# are older than ours and its licence is another (docs/decisions/0038). A machine that cannot have it goes without: reports then
# say that versions of TLS were not tested.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/trust.sh

uv=uv
uv --version >/dev/null 2>&1 || uv=.cache/uv/bin/uv
if ! { "$uv" venv --quiet --clear --python .venv/bin/python .cache/sslyze &&
    "$uv" pip install --quiet --python .cache/sslyze/bin/python --require-hashes -r requirements/sslyze.txt; }; then
  rm -rf .cache/sslyze
  printf '· sslyze could not be installed: web checks will say that versions of TLS were not tested\n' >&2
fi
mkdir -p .cache/sslyze
