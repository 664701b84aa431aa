"""Each part of the program has a README of one screen that names its modules, tables and events."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest
from django.apps import apps

from tests.architecture.source import ROOT

SOURCE = ROOT / "src/tradepost"
MAX_LINES, MAX_WIDTH = 40, 120
NO_CONTEXT = (
    "kit",
    "check",
    "simulate",
    "cli",
    "protocols",
    "market/base",
    "market/product_types",
    "market/wiring",
    "market/sites",
    "market/seed",
)
"""Parts without tables."""
PAGES = ("console", "seller_center", "storefront")
"""Labels of sites, where each module is a page: their READMEs need not list them."""
NAMED_ELSEWHERE = frozenset(
    {"__init__", "apps", "models", "events", "personal", "portable", "retention", "contract", "registry"}
)
"""Modules with the same purpose in every context."""


def folders() -> dict[str, str]:
    """Return the folder of each context below ``src/tradepost`` → its label."""
    found = [app for app in apps.get_app_configs() if Path(app.path).is_relative_to(SOURCE)]
    return {Path(app.path).relative_to(SOURCE).as_posix(): app.label for app in found}


@functools.cache
def events() -> dict[str, set[str]]:
    """Return folder → classes of the events that it declares."""
    found: dict[str, set[str]] = {}
    for path in (SOURCE / "market").rglob("*.py"):
        for name in re.findall(r"^@event\(.*?^class (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            found.setdefault(path.parent.relative_to(SOURCE).as_posix(), set()).add(name)
    return found


def readme(folder: str) -> str:
    path = SOURCE / folder / "README.md"
    assert path.is_file(), "write a README: purpose, modules, tables, events, decisions"
    return path.read_text(encoding="utf-8")


def named(text: str) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", text))


@pytest.mark.parametrize("folder", [*NO_CONTEXT, *folders()])
def test_readme_fits_on_one_screen(folder: str) -> None:
    lines = readme(folder).splitlines()
    assert len(lines) <= MAX_LINES
    assert [line for line in lines if len(line) > MAX_WIDTH] == []


@pytest.mark.parametrize("folder", folders())
def test_readme_names_the_tables_and_events_of_its_context(folder: str) -> None:
    said = named(readme(folder))
    tables = {model.__name__ for model in apps.get_app_config(folders()[folder]).get_models()}
    assert (tables | events().get(folder, set())) - said == set()
    everything = {model.__name__ for model in apps.get_models()}.union(*events().values())
    classes = {name for name in said if re.fullmatch(r"(?:[A-Z][a-z]+){2,}", name)}
    assert classes - everything == set(), "no table or event of this name"


@pytest.mark.parametrize("folder", [*NO_CONTEXT, *folders()])
def test_readme_names_every_module(folder: str) -> None:
    said = named(readme(folder))
    modules = {path.stem for path in (SOURCE / folder).glob("*.py")} - NAMED_ELSEWHERE
    modules -= {name for name in modules if name.endswith(("_models", "_lifecycle"))}
    if folders().get(folder) not in PAGES:
        assert {f"{name}.py" for name in modules} - said == set()
    packages = {path.parent.name for path in (SOURCE / folder).glob("*/__init__.py")} - {"migrations"}
    assert {f"{name}/" for name in packages} - said == set()
