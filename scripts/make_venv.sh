#!/usr/bin/env bash
# Makes .venv from one of requirements/*.txt, on a machine that may have nothing but some Python 3 and the network.
# Nothing outside this folder is changed: a missing uv goes to .cache/uv.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/trust.sh
requirements=$1

say() { printf '· %s\n' "$*" >&2; }

# The first that really runs and is new enough: a pyenv shim may exist for a version that is not installed.
find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3.13 python3.12 python3.14 python3 python \
      "$HOME"/.pyenv/versions/3.1[2-9]*/bin/python /usr/local/bin/python3.1[2-9] /opt/homebrew/bin/python3.1[2-9]; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1; then
      "$candidate" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  return 1
}

find_uv() {
  local python
  if uv --version >/dev/null 2>&1; then echo uv; return; fi
  if [ ! -x .cache/uv/bin/uv ]; then
    say "uv is missing: installing it into .cache/uv"
    for python in python3 python; do command -v "$python" >/dev/null && break; done
    # --target leaves the machine's own packages alone, so pip allows it where they are managed by the system.
    if ! "$python" -m pip install --quiet --root-user-action=ignore --target .cache/uv uv >&2; then
      rm -rf .cache/uv
      "$python" -m venv .cache/uv && .cache/uv/bin/python -m pip install --quiet uv >&2
    fi
  fi
  echo .cache/uv/bin/uv
}

uv=$(find_uv)
if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1; then
  if python=$(find_python); then
    say "making .venv with $("$python" --version)"
  else
    say "no Python 3.12 or later found: asking uv to fetch one"
    python=3.13
  fi
  "$uv" venv --quiet --clear --python "$python" .venv
fi
say "installing $requirements"
quiet=--quiet
if [ -t 2 ]; then quiet=; fi # a person sees progress, a log only what went wrong
# Compiled now, once: where PYTHONDONTWRITEBYTECODE is set, as in many containers, each start would else compile all it imports.
VIRTUAL_ENV="$PWD/.venv" "$uv" pip install $quiet --compile-bytecode --require-hashes -r "$requirements"
VIRTUAL_ENV="$PWD/.venv" "$uv" pip install --quiet --no-deps --build-constraints requirements/build.txt -e .
