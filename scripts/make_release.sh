#!/usr/bin/env bash
# Builds a release into a folder: the wheel, and beside it two lists of its components (SBOM, CycloneDX in JSON): the pinned
# Python packages of a market, and the npm packages whose files the pages use. cyclonedx-py has an environment of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/trust.sh
target=$1

scripts/make_wheel.sh "$target"
uv=uv
uv --version >/dev/null 2>&1 || uv=.cache/uv/bin/uv
if [ ! -e .cache/release/.made ] || [ requirements/release.txt -nt .cache/release/.made ]; then
  "$uv" venv --quiet --clear --python .venv/bin/python .cache/release
  "$uv" pip install --quiet --python .cache/release/bin/python --require-hashes -r requirements/release.txt
  touch .cache/release/.made
fi
version=$(.venv/bin/python -c 'import tradepost; print(tradepost.__version__)')
.cache/release/bin/cyclonedx-py requirements requirements/market.txt --pyproject pyproject.toml \
  --output-reproducible --output-file "$target/tradepost-$version-python.cdx.json"
scripts/npm.sh sbom --package-lock-only --omit=dev --sbom-format=cyclonedx >"$target/tradepost-$version-web.cdx.json"
ls "$target"/tradepost-"$version"*
