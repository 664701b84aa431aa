"""Settings are read where a program or a page starts, and passed into functions and policies as arguments (issue 7,
Structure).
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import PurePath

from tests.architecture import source
from tradepost.market.base.config import Config
from tradepost.market.base.settings.reading import fields_of

MARKET = PurePath("src/tradepost/market")
READERS = {
    "base/config.py": "it makes them",
    "base/clock.py": "whether there is a sandbox clock at all; only composition roots ask for the time",
    "base/secrets.py": "the keys themselves, which are passed to nobody",
    "settings.py": "Django's settings are made of them",
    "wiring": "composes a worker",
    "auth_centre/settings_of.py": "for the pages of the auth centre: where a request begins",
    "old_rows.py": "composes a night",
    "rsgi.py": "composes a web process",
    "seed": "a program of its own, started from the command line",
    "sites": "pages: where a request begins",
    "open_api": "APIs: where a request begins",
    "scim": "an API: where a request begins",
    "web": "what pages share",
}
"""Modules and packages of the market that may call ``config()``, with the reason."""


def _calls_config(text: str) -> bool:
    tree = ast.parse(text)
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[-1] == "config"
        for alias in node.names
        if alias.name == "config"
    }
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return any(isinstance(called, ast.Name) and called.id in imported | {"Config"} for called in calls)


@cache
def readers() -> frozenset[str]:
    return frozenset(
        str(path.relative_to(MARKET))
        for path, text in source.python_containing("config", "Config", folders=("src",))
        if path.is_relative_to(MARKET) and _calls_config(text)
    )


def test_only_entry_points_read_settings() -> None:
    found = {path for path in readers() if not {path, PurePath(path).parts[0]} & set(READERS)}
    assert found == set(), "pass the setting as an argument from the view, the command or wiring/"


def test_list_of_readers_has_no_unneeded_entry() -> None:
    found = readers()
    known = {name for name in READERS if any(name in {path, PurePath(path).parts[0]} for path in found)}
    assert known == set(READERS)


def test_function_that_reads_a_setting_is_found() -> None:
    assert _calls_config("from tradepost.market.base.config import config\ndef buy():\n    return config().currency\n")
    assert _calls_config("from .config import config as settings\nx = settings().sandbox\n")
    assert not _calls_config(
        "from tradepost.market.base.config import Config\ndef f(config: Config): return config.port\n"
    )


def test_each_group_is_a_context_and_has_a_module_of_that_name() -> None:
    groups = {context for context, _name, _field in fields_of(Config)} - {""}
    contexts = {path.parent.name for path in (source.ROOT / MARKET).glob("*/README.md")}
    modules = {path.stem for path in (source.ROOT / MARKET / "base/settings").glob("*.py")}
    assert groups <= contexts
    assert modules == groups | {"__init__", "group", "reading", "shared"}


def test_setting_has_one_name_in_the_whole_market() -> None:
    names = [name for _context, name, _field in fields_of(Config)]
    assert len(names) == len(set(names)) > 200
