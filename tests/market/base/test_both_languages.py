"""Names are shown in the reader's language where they exist in it (issue 9)."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.utils import translation

from tradepost.market.base.both_languages import localised_name


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
def test_name_is_shown_in_the_readers_language(language, chinese, english, shown):
    with translation.override(language):
        assert localised_name(SimpleNamespace(name=chinese, name_en=english)) == shown
        assert localised_name({"value": chinese, "value_en": english}, "value") == shown
