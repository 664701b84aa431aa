"""Who reads English is not shown Chinese names where there is an English one, and the other way round (issue 9)."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.utils import translation

from tradepost.market.base.both_languages import named


@pytest.mark.parametrize(
    ("language", "chinese", "english", "shown"),
    [
        ("en", "云笺协作文档", "Cloudleaf Docs", "Cloudleaf Docs"),
        ("zh-hans", "云笺协作文档", "Cloudleaf Docs", "云笺协作文档"),
        ("en", "云笺协作文档", "", "云笺协作文档"),
        ("zh-hans", "", "Cloudleaf Docs", "Cloudleaf Docs"),
        ("en", None, None, ""),
    ],
)
def test_a_name_is_the_one_that_its_reader_understands(language, chinese, english, shown):
    with translation.override(language):
        assert named(SimpleNamespace(name=chinese, name_en=english)) == shown
        assert named({"value": chinese, "value_en": english}, "value") == shown
