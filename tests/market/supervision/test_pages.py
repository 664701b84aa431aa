"""What the page of a delivery offers its buyer."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import NOW
from tests.market.supervision.supervising import TO_ACCEPT, supervised, walk
from tradepost.market.supervision import cancel
from tradepost.market.supervision.models import Supervision

pytestmark = pytest.mark.django_db
ACCEPT = 'name="act" value="accept"'


def page(supervision: Supervision) -> str:
    client = Client(headers={"accept-language": "en"})
    client.force_login(supervision.buyer)
    return " ".join(client.get(f"/supervision/{supervision.pk}/").content.decode().split())


def test_what_would_be_refused_is_not_offered() -> None:
    """business-rules §2.10: nothing is accepted while its buyer asks to cancel it."""
    supervision = supervised()
    walk(supervision, *TO_ACCEPT)
    assert ACCEPT in page(supervision)
    cancel.ask(supervision.pk, "Too late for us.", now=NOW)
    asked = page(supervision)
    assert ACCEPT not in asked
    assert 'value="reject"' in asked
    cancel.withdraw(supervision.pk, now=NOW)
    assert ACCEPT in page(supervision)


def test_an_act_without_words_is_no_part_of_what_was_said() -> None:
    supervision = supervised()
    walk(supervision, *TO_ACCEPT)
    said = page(supervision).partition("What was said")[2].partition("</section>")[0]
    assert "Seller: Confirm" not in said
    assert said.count('<h3 class="h4 tp-muted">') == 2
