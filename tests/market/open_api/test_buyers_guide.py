"""The guide for buyers' programs matches the code in both languages: paths, permissions, error table, settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tradepost.market.base.settings.open_api import OpenApiSettings
from tradepost.market.identity.buyer_key_models import Right
from tradepost.market.open_api.document import document
from tradepost.protocols.open_api.buyer_errors import ERRORS, ROOT

FOLDER = Path(__file__).parents[3] / "docs/how-to/buyers"
GUIDES = ["api.md", "api.zh-CN.md"]


def text_of(guide: str) -> str:
    return (FOLDER / guide).read_text(encoding="utf-8")


@pytest.mark.parametrize("guide", GUIDES)
def test_guide_lists_the_apis_of_the_document(guide: str) -> None:
    rows = re.findall(r"(?m)^\| `(/\S+)` \| (\w+).*? \| `(\w+)` \|$", text_of(guide))
    listed = {(f"{ROOT}{path}", operation, right) for path, operation, right in rows}
    documented = {
        (path, method["operationId"], re.findall(r"Permission of the key: (\w+)\.", method["description"])[0])
        for path, methods in document()["paths"].items()
        for method in methods.values()
        if method["tags"] == ["Buyer"]
    }
    assert listed == documented


@pytest.mark.parametrize("guide", GUIDES)
def test_permissions_errors_and_settings_exist(guide: str) -> None:
    text = text_of(guide)
    assert re.findall(r"(?m)^\| `(\w+)` \| [^|]+\|$", text) == Right.values
    rows = re.findall(r"(?m)^\| (\d{3}) \| (CBC\.\d{4}) \|", text)
    assert {(int(status), code) for status, code in rows} == {(error.status, error.code) for error in ERRORS.values()}
    settings = {name.lower() for name in re.findall(r"TRADEPOST_([A-Z_]+)", text)}
    assert settings == {"keep_api_answers_days"}
    assert OpenApiSettings().keep_api_answers_days == 7


def test_both_languages_have_the_same_structure() -> None:
    english, chinese = map(text_of, GUIDES)
    for pattern in (r"(?m)^#+ ", r"(?m)^- ", r"(?m)^\| ", r"(?m)^\d\. "):
        assert len(re.findall(pattern, english)) == len(re.findall(pattern, chinese))
    assert re.findall(r"(?s)```.*?```", english) == re.findall(r"(?s)```.*?```", chinese)
