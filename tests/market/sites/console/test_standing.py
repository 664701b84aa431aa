"""An operator acts on a seller after another operator was faster."""

from __future__ import annotations

import pytest
from django.test import Client

from tests import factories
from tradepost.market.base.models import Move
from tradepost.market.identity import enter

pytestmark = pytest.mark.django_db
WORDS = {
    "en": "This is no longer possible, because the state has changed. Check the current state.",
    "zh-hans": "状态已变化，无法执行此操作。请查看当前状态。",
}


@pytest.mark.parametrize("language", WORDS)
def test_second_operator_reads_why_and_keeps_the_reason(language: str) -> None:
    seller = factories.make_seller()
    enter.suspend(seller, reason="Its phone is dead.", by="first@market.example", now=factories.NOW)
    moves = Move.objects.count()
    client = Client(headers={"accept-language": language})
    client.force_login(factories.make_operator())
    answer = client.post(f"/console/sellers/{seller.pk}/suspend/", {"reason": "Nobody answers there."})
    page = answer.content.decode()
    assert answer.status_code in {409, 422}
    assert WORDS[language] in page
    assert "Nobody answers there." in page
    assert "is not allowed when" not in page
    assert Move.objects.count() == moves
