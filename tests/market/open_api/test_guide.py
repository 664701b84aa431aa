"""The guide says what the code does: its error table is the protocol's, its settings and mock orders exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tradepost.market.base.config import Config
from tradepost.protocols.open_api.errors import GATEWAY_ERRORS, ORDER_QUERY_ERRORS
from tradepost.protocols.open_api.mock_orders import MOCK_ORDER_IDS
from tradepost.protocols.open_api.order_query import PATH

ROOT = Path(__file__).parents[3]
GUIDES = ["docs/guides/sellers/order-query.md", "docs/guides/sellers/order-query.zh-CN.md"]
# No tokens, so no 0151 and 0154; from 9001 on they belong to the usage push.
NOT_ANSWERED = {"MKT.0151", "MKT.0154", "MKT.9001", "MKT.9002", "MKT.9003", "MKT.9004"}
ANSWERED_BY_THE_GATEWAY = {
    (404, "APIGW.0101"),
    (413, "APIGW.0201"),
    (414, "APIGW.0201"),
    (494, "APIGW.0201"),
    (401, "APIGW.0301"),
}


@pytest.mark.parametrize("guide", GUIDES)
def test_the_error_table_is_the_protocols(guide: str) -> None:
    text = (ROOT / guide).read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| (\d{3}) \| (\S+) \| (.+?) \| (.+?) \|$", text)
    wanted = [(e.status, e.code, e.message) for e in ORDER_QUERY_ERRORS.values() if e.code not in NOT_ANSWERED]
    wanted += [(e.status, e.code, e.message) for e in GATEWAY_ERRORS if (e.status, e.code) in ANSWERED_BY_THE_GATEWAY]
    assert [(int(status), code, message) for status, code, message, _ in rows] == wanted
    assert all(advice.strip() for *_, advice in rows)


@pytest.mark.parametrize("guide", GUIDES)
def test_what_the_guide_names_exists(guide: str) -> None:
    text = (ROOT / guide).read_text(encoding="utf-8")
    settings = set(re.findall(r"TRADEPOST_([A-Z_]+)", text))
    assert settings == {"OPEN_API_RATE", "OPEN_API_SKEW_SECONDS"}
    assert {name.lower() for name in settings} <= set(Config.model_fields)
    assert f"`{Config.model_fields['open_api_rate'].default}`" in text
    assert Config.model_fields["open_api_skew_seconds"].default == 15 * 60
    assert tuple(re.findall(r"`(MOCK[A-Z]+)`", text)) == MOCK_ORDER_IDS
    assert f"GET {PATH}?" in text


def test_both_languages_have_the_same_shape() -> None:
    english, chinese = ((ROOT / guide).read_text(encoding="utf-8") for guide in GUIDES)
    for pattern in (r"(?m)^#+ ", r"(?m)^- ", r"(?m)^\| "):
        assert len(re.findall(pattern, english)) == len(re.findall(pattern, chinese))
    assert re.findall(r"(?s)```.*?```", english) == re.findall(r"(?s)```.*?```", chinese)
