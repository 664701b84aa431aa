"""Before a run of everything each worker compiles its share of the test modules; pytest alone would have every worker compile all.

On a machine that ran no test yet, CI's say, that is half of what the workers do before the first test. It uses what pytest keeps
to itself: ``test_compiled.py`` says so when that changes.
"""

from __future__ import annotations

import compileall
import os
import sys
from pathlib import Path

import pytest
from _pytest.assertion import rewrite

TESTS = Path(__file__).resolve().parent


def compile_share(config: pytest.Config) -> None:
    """That of this worker of xdist; the others do theirs at the same time. Nothing where no compiled file may be written."""
    number, workers = (
        int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw")),
        int(os.environ["PYTEST_XDIST_WORKER_COUNT"]),
    )
    if sys.dont_write_bytecode:
        return
    for path in sorted(TESTS.rglob("*.py"))[number::workers]:
        if path.name.startswith("test_") or path.name == "conftest.py":
            compile_asserts(path, config)
        else:
            compileall.compile_file(
                path, quiet=2
            )  # where it is not up to date; what is no Python is its importer's fault


def compile_asserts(path: Path, config: pytest.Config) -> Path:
    """As pytest does it when it imports a test module whose asserts explain themselves; where the compiled file is."""
    state, folder = config.stash[rewrite.assertstate_key], rewrite.get_cache_dir(path)
    compiled = folder / f"{path.stem}{rewrite.PYC_TAIL}"
    if rewrite._read_pyc(path, compiled, state.trace) is None:
        rewrite.try_makedirs(folder)
        source_hash, code = rewrite._rewrite_test(path, config)
        rewrite._write_pyc(state, code, source_hash, compiled)
    return compiled
