"""The history of an object: events stored by code are shown in the reader's language."""

from __future__ import annotations

import pytest
from django.utils import translation

from tradepost.market.base.models import Move
from tradepost.market.web.timeline import events_of_moves, note_of


@pytest.mark.parametrize(
    ("note", "english", "chinese"),
    [
        ("connect", "No connection to the server", "无法连接到服务器"),
        ("000005", "000005 other internal error", "000005 其它服务内部错误"),
        (
            "This product has no production address.",
            "This product has no production address.",
            "该商品尚未绑定生产地址。",
        ),
        ("Agreed with the buyer by telephone.",) * 3,
        ("", "", ""),
    ],
)
def test_stored_codes_are_translated_and_texts_of_people_are_not(note: str, english: str, chinese: str) -> None:
    move = Move(lifecycle="order", event="give up", before="processing", after="refunded", note=note)
    with translation.override("en"):
        assert note_of(move) == english
    with translation.override("zh-hans"):
        assert note_of(move) == chinese


def test_notes_are_shown_only_to_operators() -> None:
    move = Move(lifecycle="order", event="give up", before="processing", after="refunded", note="connect")
    with translation.override("en"):
        assert [event.text for event in events_of_moves([move])] == [""]
        assert [event.text for event in events_of_moves([move], with_notes=True)] == ["No connection to the server"]
