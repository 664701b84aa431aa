"""A text in both languages is one value."""

from __future__ import annotations

import pytest

from tradepost.protocols.text import Text


@pytest.mark.parametrize(
    ("code", "said"),
    [("zh-hans", "成功"), ("zh", "成功"), ("zh_CN", "成功"), ("en", "success"), ("en-gb", "success"), ("fr", "success"),
     ("", "success"), (None, "success")],
)  # fmt: skip
def test_chinese_for_every_kind_of_chinese_and_english_for_the_rest(code: str | None, said: str) -> None:
    assert Text(en="success", zh="成功").in_language(code) == said
