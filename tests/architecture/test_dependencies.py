"""A package whose internals we override has a ceiling, and what is pinned keeps to it."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement

from tests.architecture.source import ROOT

OVERRIDDEN = ("aiohttp", "django", "waitress")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REQUIRED = {
    found.name: found
    for found in map(Requirement, [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["market"]])
}


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_what_is_overridden_has_a_ceiling_that_the_pins_keep_to(name: str) -> None:
    required = REQUIRED[name].specifier
    assert any(each.operator == "<" for each in required), f"{name} needs a ceiling"
    pins = [
        pin
        for path in (ROOT / "requirements").glob("*.txt")
        for pin in re.findall(rf"^{name}==(\S+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert pins
    assert all(pin in required for pin in pins)
