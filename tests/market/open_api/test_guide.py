"""The guide matches the code: its error table is the protocol's, and its settings and mock orders exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tradepost.market.base.settings.open_api import OpenApiSettings
from tradepost.protocols.open_api.errors import GATEWAY_ERRORS, ORDER_QUERY_ERRORS
from tradepost.protocols.open_api.mock_orders import MOCK_ORDER_IDS
from tradepost.protocols.open_api.order_query import PATH

ROOT = Path(__file__).parents[3]
GUIDES = ["docs/how-to/sellers/order-query.md", "docs/how-to/sellers/order-query.zh-CN.md"]
# There are no tokens, so no 0151 and 0154; codes from 9001 on belong to the usage push.
NOT_ANSWERED = {"MKT.0151", "MKT.0154", "MKT.9001", "MKT.9002", "MKT.9003", "MKT.9004"}
ANSWERED_BY_THE_GATEWAY = {
    (404, "APIGW.0101"),
    (413, "APIGW.0201"),
    (414, "APIGW.0201"),
    (494, "APIGW.0201"),
    (401, "APIGW.0301"),
}


@pytest.mark.parametrize("guide", GUIDES)
def test_error_table_matches_the_protocol(guide: str) -> None:
    text = (ROOT / guide).read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| (\d{3}) \| (\S+) \| (.+?) \| (.+?) \|$", text)
    expected = [(e.status, e.code, e.message) for e in ORDER_QUERY_ERRORS.values() if e.code not in NOT_ANSWERED]
    expected += [(e.status, e.code, e.message) for e in GATEWAY_ERRORS if (e.status, e.code) in ANSWERED_BY_THE_GATEWAY]
    assert [(int(status), code, message) for status, code, message, _ in rows] == expected
    assert all(advice.strip() for *_, advice in rows)


@pytest.mark.parametrize("guide", GUIDES)
def test_settings_and_mock_orders_of_the_guide_exist(guide: str) -> None:
    text = (ROOT / guide).read_text(encoding="utf-8")
    settings = set(re.findall(r"TRADEPOST_([A-Z_]+)", text))
    assert settings == {"OPEN_API_RATE", "OPEN_API_SKEW_SECONDS"}
    assert {name.lower() for name in settings} <= set(OpenApiSettings.model_fields)
    assert f"`{OpenApiSettings().open_api_rate}`" in text
    assert OpenApiSettings().open_api_skew_seconds == 15 * 60
    assert tuple(re.findall(r"`(MOCK[A-Z]+)`", text)) == MOCK_ORDER_IDS
    assert f"GET {PATH}?" in text


def test_both_languages_have_the_same_structure() -> None:
    english, chinese = ((ROOT / guide).read_text(encoding="utf-8") for guide in GUIDES)
    for pattern in (r"(?m)^#+ ", r"(?m)^- ", r"(?m)^\| "):
        assert len(re.findall(pattern, english)) == len(re.findall(pattern, chinese))
    assert re.findall(r"(?s)```.*?```", english) == re.findall(r"(?s)```.*?```", chinese)
