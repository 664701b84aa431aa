"""Packages whose internals are overridden have an upper bound, and the pinned versions respect it."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement

from tests.architecture.source import ROOT

OVERRIDDEN = ("aiohttp", "django", "django-allauth", "granian", "psycopg", "waitress")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REQUIRED = {
    found.name: found
    for found in map(Requirement, [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["market"]])
}


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_overridden_packages_have_an_upper_bound_that_the_pins_respect(name: str) -> None:
    required = REQUIRED[name].specifier
    assert any(each.operator == "<" for each in required), f"{name} needs a ceiling"
    pins = [
        pin
        for path in (ROOT / "requirements").glob("*.txt")
        for pin in re.findall(rf"^{name}==(\S+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert pins
    assert all(pin in required for pin in pins)
