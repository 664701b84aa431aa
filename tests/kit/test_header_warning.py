"""uvicorn with httptools lowers the case of ``Body-Sign``: the kit warns where it matters, and only there (saas-v2
§2.6).
"""

from __future__ import annotations

import asyncio
import sys
from types import ModuleType

import pytest
from fastapi import FastAPI

from tradepost.kit import Seller
from tradepost.kit.asgi import asgi
from tradepost.kit.fastapi import add_seller
from tradepost.kit.header_case import LOWERCASING_MODULE, is_case_sensitive
from tradepost.protocols import registry

REMEDY = "Start it with --http h11"


@pytest.fixture
def httptools(monkeypatch):
    monkeypatch.setitem(sys.modules, LOWERCASING_MODULE, ModuleType(LOWERCASING_MODULE))


def seller(tmp_path, *protocols: str) -> Seller:
    keys = {spoken.key_class: "k" for spoken in registry.protocols().values()}
    return Seller(store=tmp_path / "seller.db", keys=keys, protocols=protocols)


def test_markets_that_miss_a_lower_case_signature():
    assert {name for name, spoken in registry.protocols().items() if is_case_sensitive(spoken)} == {
        "saas_v2", "saas_v1", "license_v1", "joint_kit_v2", "joint_kit_v1",
    }  # fmt: skip


def test_warning_at_the_start_says_what_to_do(tmp_path, httptools, caplog):
    asgi(seller(tmp_path, "order_notice", "saas_v2"))
    [record] = caplog.records
    assert (record.levelname, REMEDY in record.message) == ("WARNING", True)
    assert "a market of SaaS 2.0 takes" in record.message


def test_server_loaded_after_the_application_warns_once(tmp_path, request, caplog):
    async def nothing(*_: object) -> dict[str, str]:
        return {"type": "lifespan.shutdown"}

    app = asgi(seller(tmp_path, "saas_v2"))
    assert caplog.records == []
    request.getfixturevalue("httptools")
    for _ in range(2):
        asyncio.run(app({"type": "lifespan"}, nothing, nothing))  # type: ignore[arg-type]  # as a server calls it
    assert len(caplog.records) == 1


def test_fastapi_warns_too(tmp_path, httptools, caplog):
    add_seller(FastAPI(), seller(tmp_path, "saas_v1"))
    assert REMEDY in caplog.text


def test_no_warning_where_no_market_misses_it(tmp_path, httptools, caplog):
    asgi(seller(tmp_path, "license_online", "order_notice"))
    assert caplog.records == []


def test_no_warning_with_another_server(tmp_path, caplog):
    asgi(seller(tmp_path, "saas_v2"))
    assert caplog.records == []
