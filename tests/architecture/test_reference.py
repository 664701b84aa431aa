"""The reference is generated from the code, and the committed pages are up to date."""

from __future__ import annotations

import importlib.util
import tomllib
from types import ModuleType

import pytest

from tests.architecture.source import ROOT

PAGES = ("settings.md", "settings.zh-CN.md", "events.md", "lifecycles.md", "protocols.md")


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_reference", ROOT / "scripts/make_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", PAGES)
def test_reference_page_is_up_to_date(page: str) -> None:
    make = generator()
    assert set(make.PAGES) == set(PAGES)
    written = (ROOT / "docs/reference" / page).read_text(encoding="utf-8")
    assert make.PAGES[page]() == written, f"docs/reference/{page} is out of date: run scripts/make_reference.py"


def test_every_event_is_published_and_has_a_reaction() -> None:
    from tradepost.market import wiring

    make = generator()
    reacted = {entry.event.__name__ for entry in wiring.REACTIONS.entries if entry.reactions}
    assert make.declared_events() == make.published() == reacted
    assert len(reacted) > 1


def test_every_setting_has_a_sentence() -> None:
    from tradepost.market.base.config import Config
    from tradepost.market.base.settings.reading import fields_of

    assert [name for _context, name, field in fields_of(Config) if not field.description] == []


def test_every_setting_has_a_chinese_sentence() -> None:
    from tradepost.market.base.config import Config
    from tradepost.market.base.settings.reading import fields_of

    chinese = tomllib.loads((ROOT / "scripts/settings_zh.toml").read_text(encoding="utf-8"))
    fields = list(fields_of(Config))
    assert set(chinese["settings"]) == {name for _context, name, _field in fields}
    assert set(chinese["headings"]) == {context or "all" for context, _name, _field in fields}
