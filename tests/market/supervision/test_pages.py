"""Acts that the page of a delivery offers its buyer."""

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


def test_refused_act_is_not_offered() -> None:
    """business-rules §2.10: nothing is accepted while its buyer asks to cancel it."""
    supervision = supervised()
    walk(supervision, *TO_ACCEPT)
    assert ACCEPT in page(supervision)
    cancel.request_refund(supervision.pk, "Too late for us.", now=NOW)
    page_text = page(supervision)
    assert ACCEPT not in page_text
    assert 'value="reject"' in page_text
    cancel.withdraw(supervision.pk, now=NOW)
    assert ACCEPT in page(supervision)


def test_act_without_text_is_not_part_of_the_conversation() -> None:
    supervision = supervised()
    walk(supervision, *TO_ACCEPT)
    conversation = page(supervision).partition("Conversation")[2].partition("</section>")[0]
    assert "Seller: Confirm" not in conversation
    assert conversation.count('<h3 class="h4 tp-muted">') == 2


def test_order_shows_its_refunded_part_and_a_form_requests_a_part() -> None:
    """§4.7: a part of what is not accepted; an impossible amount is refused beside the field."""
    supervision = supervised(answers=MILESTONES)
    walk(supervision, *TO_ACCEPT)
    form, client = f"/supervision/{supervision.pk}/", Client(headers={"accept-language": "en"})
    client.force_login(supervision.buyer)
    assert "You accept the milestone “Design”, worth ¥ 2,500.00." in page(supervision)
    too_much = client.post(f"{form}cancel/", {"amount": "5000.01", "ends": "no", "reason": "Late."})
    assert (too_much.status_code, "at most ¥\xa05,000.00" in too_much.content.decode()) == (422, True)
    assert client.post(f"{form}cancel/", {"amount": "ten", "reason": "Late."}).status_code == 422
    assert client.post(f"{form}cancel/", {"amount": "100.00", "ends": "no", "reason": "Late."}).status_code == 302
    assert "The buyer requests a refund of ¥ 100.00 and wants the delivery to continue." in page(supervision)
    cancel.agree(supervision.pk, "", by=person(supervision, S), clocks=CLOCKS, now=NOW)
    order = client.get(f"/orders/{supervision.line.order.number}/").content.decode()
    assert "¥\xa0100.00 of the price was refunded to your balance." in order


def test_values_of_a_form_are_shown_with_the_names_of_their_fields() -> None:
    """business-rules §2.10: goods are sent by a carrier with a parcel number: neither is clear from its value alone."""
    supervision = walk(supervised("HARDWARE"), (B, Act.DEMAND), (S, Act.SHIP))
    conversation = page(supervision).partition("Conversation")[2].partition("</section>")[0]
    for name, text in (
        ("Receiver", "Lan"),
        ("Telephone", "13800138000"),
        ("Carrier", "SF"),
        ("Parcel number", "SF1234567890"),
    ):
        assert f"<dt>{name}</dt><dd>{text}</dd>" in conversation
