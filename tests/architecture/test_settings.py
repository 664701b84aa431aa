"""Settings are read where a program or a page begins and passed into verbs and policies as arguments (issue 7, Structure)."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import PurePath

from tests.architecture import source

MARKET = PurePath("src/tradepost/market")
READERS = {
    "base/config.py": "it makes them",
    "base/clock.py": "whether there is a sandbox clock at all; only composition roots ask for the time",
    "base/secrets.py": "the keys themselves, which are passed to nobody",
    "settings.py": "Django's settings are made of them",
    "wiring.py": "composes a worker",
    "auth_centre/settings_of.py": "for the pages of the auth centre: where a request begins",
    "old_rows.py": "composes a night",
    "rsgi.py": "composes a web process",
    "seed": "a program of its own, started from the command line",
    "sites": "pages: where a request begins",
    "open_api": "APIs: where a request begins",
    "scim": "an API: where a request begins",
    "web": "what pages share",
}
"""Modules and packages of the market that may call ``config()``, and why."""


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
        for path, text in source.python_saying("config", "Config", folders=("src",))
        if path.is_relative_to(MARKET) and _calls_config(text)
    )


def test_only_edges_and_composition_roots_read_settings() -> None:
    found = {path for path in readers() if not {path, PurePath(path).parts[0]} & set(READERS)}
    assert found == set(), "pass the setting as an argument from the view, the command or wiring.py"


def test_the_list_of_readers_is_not_longer_than_needed() -> None:
    found = readers()
    known = {name for name in READERS if any(name in {path, PurePath(path).parts[0]} for path in found)}
    assert known == set(READERS)


def test_a_verb_that_reads_a_setting_is_seen() -> None:
    assert _calls_config("from tradepost.market.base.config import config\ndef buy():\n    return config().currency\n")
    assert _calls_config("from .config import config as settings\nx = settings().sandbox\n")
    assert not _calls_config(
        "from tradepost.market.base.config import Config\ndef f(config: Config): return config.port\n"
    )
