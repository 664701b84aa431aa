"""The history of a subject in words: what is noted by code is told in the reader's language."""

from __future__ import annotations

import pytest
from django.utils import translation

from tradepost.market.base.models import Move
from tradepost.market.web.timeline import note_of, of_moves


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
def test_a_verdict_and_a_note_of_ours_are_told_in_words_and_what_a_person_wrote_as_it_is(
    note: str, english: str, chinese: str
) -> None:
    move = Move(lifecycle="order", event="give up", before="processing", after="refunded", note=note)
    with translation.override("en"):
        assert note_of(move) == english
    with translation.override("zh-hans"):
        assert note_of(move) == chinese


def test_notes_are_for_those_who_run_the_market() -> None:
    move = Move(lifecycle="order", event="give up", before="processing", after="refunded", note="connect")
    with translation.override("en"):
        assert [event.text for event in of_moves([move])] == [""]
        assert [event.text for event in of_moves([move], with_notes=True)] == ["No connection to the server"]
