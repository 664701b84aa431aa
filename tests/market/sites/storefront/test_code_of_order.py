"""What the page of an order says of its authorisation code, for each state of the service (saas-v1-license §B2)."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.market.licenses.coded import activated, code_ordered, order_of, taken
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
Status = Subscription.Status
SENTENCES = {
    Status.OPENING: "You have taken your code. Enter it into the software.",
    Status.ACTIVE: "The software has activated your code.",
    Status.FROZEN: "The service of this code is frozen.",
    Status.RELEASING: "The service of this code has ended.",
    Status.RELEASED: "The service of this code has ended.",
    Status.FAILED: "This service was never opened.",
}
EVERY = {*SENTENCES.values(), "Your authorisation code is ready."}


def said(held: Subscription) -> set[str]:
    client = Client(headers={"accept-language": "en"})
    client.force_login(held.buyer)
    page = client.get(reverse("storefront:order", args=[order_of(held).number])).content.decode()
    text = re.sub(r"\s+", " ", page)
    return {words for words in EVERY if words in text}


@pytest.mark.parametrize("status", Status)
def test_the_order_says_what_became_of_the_code(status: Subscription.Status) -> None:
    held = taken(code_ordered())
    if status != Status.OPENING:
        held = activated(held)
    Subscription.objects.filter(pk=held.pk).update(status=status)
    assert said(held) == {SENTENCES[status]}


def test_a_code_that_was_not_taken_is_ready() -> None:
    assert said(code_ordered()) == {"Your authorisation code is ready."}
