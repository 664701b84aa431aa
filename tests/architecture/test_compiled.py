"""What a worker compiles ahead is what pytest takes when it imports a test module."""

from __future__ import annotations

from pathlib import Path

import pytest
from _pytest.assertion import rewrite

from tests.compiled import compile_asserts

MODULE = """
def test_it():
    found = 1
    assert found == 2
"""


def test_pytest_takes_what_was_compiled_ahead(
    tmp_path: Path, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "test_compiled_ahead.py"
    path.write_text(MODULE)
    compiled = compile_asserts(path, pytestconfig)
    code = rewrite._read_pyc(path, compiled)
    assert code is not None
    [function] = [one for one in code.co_consts if hasattr(one, "co_names")]
    assert "@pytest_ar" in function.co_names, "an assert that explains itself"

    monkeypatch.setattr(rewrite, "_rewrite_test", lambda *_: pytest.fail("it was compiled again"))
    assert compile_asserts(path, pytestconfig) == compiled


def test_a_module_that_changed_is_compiled_anew(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    path = tmp_path / "test_compiled_ahead.py"
    path.write_text(MODULE)
    compiled = compile_asserts(path, pytestconfig)
    path.write_text(MODULE.replace("2", "3"))
    assert rewrite._read_pyc(path, compiled) is None
    assert rewrite._read_pyc(path, compile_asserts(path, pytestconfig)) is not None
