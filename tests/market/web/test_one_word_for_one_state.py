"""One word for each state on all three sites, in both languages."""

from __future__ import annotations

import pytest
from babel.messages.pofile import read_po
from django.utils import translation

from tests.architecture.source import ROOT
from tradepost.market.catalog.models import Product
from tradepost.market.web.status import look

CATALOGS = sorted((ROOT / "src/tradepost/market").glob("**/locale/zh_Hans/LC_MESSAGES/django.po"))
SUSPENDED = {"en": "Sales suspended", "zh-hans": "已暂停销售"}
OTHER_NAMES = ("trading frozen", "trading is frozen", "freeze its trading", "freeze their trading", "not sold now")
OTHER_CHINESE = ("冻结交易", "交易冻结", "冻结商品", "商品已冻结")


@pytest.mark.parametrize("language", SUSPENDED)
def test_suspended_product_has_one_word_for_its_state(language: str) -> None:
    with translation.override(language):
        words = {
            str(look("product", Product.Status.FROZEN).label),
            str(look("health", "frozen").label),
            str(Product.Status.FROZEN.label),
        }
    assert words == {SUSPENDED[language]}


@pytest.mark.parametrize("path", CATALOGS, ids=lambda path: path.parts[-5])
def test_no_text_uses_another_word(path: object) -> None:
    with open(str(path), "rb") as handle:  # noqa: PTH123  # parameter of pytest
        messages = [message for message in read_po(handle) if message.id]
    for message in messages:
        english = " ".join(map(str, message.id if isinstance(message.id, tuple | list) else (message.id,))).lower()
        chinese = " ".join(map(str, message.string if isinstance(message.string, tuple | list) else (message.string,)))
        assert not [name for name in OTHER_NAMES if name in english], message.id
        assert not [name for name in OTHER_CHINESE if name in chinese], message.id
