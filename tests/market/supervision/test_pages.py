"""What the page of a delivery offers its buyer."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.factories import NOW
from tests.market.supervision.supervising import CLOCKS, MILESTONES, TO_ACCEPT, B, S, person, supervised, walk
from tradepost.market.product_types.flows.contract import Act
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


def test_an_order_says_what_of_it_went_back_and_a_form_asks_for_a_part() -> None:
    """§4.7: a part of what is not accepted; what cannot be asked for is said beside the amount."""
    supervision = supervised(answers=MILESTONES)
    walk(supervision, *TO_ACCEPT)
    form, client = f"/supervision/{supervision.pk}/", Client(headers={"accept-language": "en"})
    client.force_login(supervision.buyer)
    assert "You accept the milestone “Design”, worth ¥ 2,500.00." in page(supervision)
    too_much = client.post(f"{form}cancel/", {"amount": "5000.01", "ends": "no", "reason": "Late."})
    assert (too_much.status_code, "at most ¥\xa05,000.00" in too_much.content.decode()) == (422, True)
    assert client.post(f"{form}cancel/", {"amount": "ten", "reason": "Late."}).status_code == 422
    assert client.post(f"{form}cancel/", {"amount": "100.00", "ends": "no", "reason": "Late."}).status_code == 302
    assert "The buyer wants ¥ 100.00 back, and the delivery to go on." in page(supervision)
    cancel.agree(supervision.pk, "", by=person(supervision, S), clocks=CLOCKS, now=NOW)
    order = client.get(f"/orders/{supervision.line.order.number}/").content.decode()
    assert "¥\xa0100.00 of it went back to your balance" in order


def test_what_was_said_stands_beside_the_name_of_its_field() -> None:
    """business-rules §2.10: goods are sent by a carrier with a parcel number: neither is told by its value alone."""
    supervision = walk(supervised("HARDWARE"), (B, Act.DEMAND), (S, Act.SHIP))
    said = page(supervision).partition("What was said")[2].partition("</section>")[0]
    for name, text in (
        ("Receiver", "Lan"),
        ("Telephone", "13800138000"),
        ("Carrier", "SF"),
        ("Parcel number", "SF1234567890"),
    ):
        assert f"<dt>{name}</dt> <dd> {text} </dd>" in said
