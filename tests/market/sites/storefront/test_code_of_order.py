"""The page of an order describes its authorisation code in each state of the service (saas-v1-license §B2)."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.market.licenses.coded import activate_service, order_code, order_of, take
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
Status = Subscription.Status
SENTENCES = {
    Status.OPENING: "You have revealed your code. Enter it into the software.",
    Status.ACTIVE: "The software has activated your code.",
    Status.FROZEN: "The service of this code is frozen.",
    Status.RELEASING: "The service of this code has ended.",
    Status.RELEASED: "The service of this code has ended.",
    Status.FAILED: "This service was never opened.",
}
ALL_SENTENCES = {*SENTENCES.values(), "Your authorisation code is ready."}


def shown_sentences(subscription: Subscription) -> set[str]:
    client = Client(headers={"accept-language": "en"})
    client.force_login(subscription.buyer)
    page = client.get(reverse("storefront:order", args=[order_of(subscription).number])).content.decode()
    text = re.sub(r"\s+", " ", page)
    return {words for words in ALL_SENTENCES if words in text}


@pytest.mark.parametrize("status", Status)
def test_order_describes_the_state_of_the_code(status: Subscription.Status) -> None:
    subscription = take(order_code())
    if status != Status.OPENING:
        subscription = activate_service(subscription)
    Subscription.objects.filter(pk=subscription.pk).update(status=status)
    assert shown_sentences(subscription) == {SENTENCES[status]}


def test_unused_code_is_ready() -> None:
    assert shown_sentences(order_code()) == {"Your authorisation code is ready."}
