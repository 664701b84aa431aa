"""Pages describe a service's end, reasons against a renewal, and the outcome if its buyer does nothing (business-rules
§4.4, §4.5, §4.7, §5)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories.every_kind import fetched, service_of_kind
from tests.market.fulfilment.services import service
from tradepost.market.base import clock
from tradepost.market.fulfilment.by_operator import freeze
from tradepost.market.fulfilment.renewing import NotRenewable, may_renew, renewal_obstacle
from tradepost.market.orders.refund_terms import RefundOptions, RefusalReason
from tradepost.market.production.models import Binding
from tradepost.market.sites.storefront import unsubscribe
from tradepost.market.sites.storefront.at_its_end import DefaultOutcome, default_outcome
from tradepost.market.sites.storefront.renew import OBSTACLE_MESSAGES
from tradepost.market.subscriptions.models import Freeze, Subscription

pytestmark = pytest.mark.django_db
SENTENCES = {
    DefaultOutcome.RENEWED: "If you do nothing, the service is renewed automatically and paid from your balance",
    DefaultOutcome.DELETED: "If you do nothing, the service and its data are deleted when the paid period ends",
    DefaultOutcome.KEPT: "If you do nothing, the service is frozen after the paid period and later deleted with its data",
}
ELSEWHERE = {RefusalReason.USAGE, RefusalReason.INVOICED, RefusalReason.ON_SERVER}
"""Their notes link to another page, or are not shown."""


def page(subscription: Subscription, name: str) -> str:
    client = Client(headers={"accept-language": "en"})
    client.force_login(subscription.buyer)
    text = client.get(reverse(name, args=[subscription.pk])).content.decode()
    return re.sub(r"\s+", " ", text).replace("\xa0", " ")


def change(subscription: Subscription, **fields: object) -> Subscription:
    Subscription.objects.filter(pk=subscription.pk).update(**fields)
    return fetched(subscription.pk)


def ending_in_a_month(subscription: Subscription, **fields: object) -> Subscription:
    """The page, with an end one month after the clock that pages use."""
    return change(subscription, expires_at=clock.now() + timedelta(days=30), started_at=clock.now(), **fields)


AT_EXPIRY = {
    "keep": ({}, DefaultOutcome.KEPT),
    "end": ({}, DefaultOutcome.DELETED),
    "renew": ({"auto_period_type": "month", "auto_periods": 1}, DefaultOutcome.RENEWED),
}


@pytest.mark.slow
@pytest.mark.parametrize("has_end", [True, False])
@pytest.mark.parametrize("at_expiry", AT_EXPIRY)
def test_page_of_an_unrefundable_service_says_what_happens_at_its_end(
    at_expiry: str, has_end: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every reason, with every choice for the end."""
    more, expected = AT_EXPIRY[at_expiry]
    subscription = ending_in_a_month(service("saas_v2"), at_expiry=at_expiry, **more)
    if not has_end:
        subscription = change(subscription, expires_at=None)
    for reason in RefusalReason:
        monkeypatch.setattr(
            unsubscribe, "possible_refunds", lambda *_args, reason=reason, **_more: RefundOptions(why=reason)
        )
        text = page(subscription, "storefront:unsubscribe")
        sentences = {state for state, words in SENTENCES.items() if words in text}
        shown = has_end and reason not in ELSEWHERE
        assert sentences == ({expected} if shown else set()), reason
        assert ("Change what happens when it ends" in text) is shown, reason


@pytest.mark.parametrize(
    ("code", "mode", "expected"),
    [
        ("SAAS", "PERIOD", DefaultOutcome.KEPT), ("SAAS", "ONE_TIME", None), ("SAAS", "ON_DEMAND", None),
        ("IMAGE", "PERIOD", DefaultOutcome.IMAGE_ENDS), ("IMAGE", "ON_DEMAND", None), ("AI_ASSET", "PERIOD", DefaultOutcome.ENDS),
        ("LICENSE_CODE", "PERIOD", DefaultOutcome.ENDS), ("MANUAL_SERVICE", "PERIOD", DefaultOutcome.ENDS),
    ],
)  # fmt: skip
def test_end_of_a_service_depends_on_its_kind(code: str, mode: str, expected: DefaultOutcome | None) -> None:
    subscription = service_of_kind(code, mode)
    now = subscription.created_at
    assert default_outcome(subscription, now=now) is expected
    if subscription.expires_at:
        assert default_outcome(subscription, now=subscription.expires_at) is None, "its paid time is over"
    assert default_outcome(change(subscription, status="releasing"), now=now) is None


def test_impossible_automatic_renewal_is_not_promised() -> None:
    subscription = ending_in_a_month(service("saas_v2"), at_expiry="renew", auto_period_type="month", auto_periods=1)
    assert "Renews automatically on" in page(subscription, "storefront:subscription")
    Freeze.objects.create(
        subscription=subscription, reason="operator", since=clock.now(), actor="o", note="It sends spam."
    )
    subscription = change(subscription, status="frozen")
    text = page(subscription, "storefront:subscription")
    assert "Set to renew automatically, but it cannot be renewed now. Next attempt:" in text
    assert "Renews automatically on" not in text
    assert default_outcome(subscription, now=clock.now()) is DefaultOutcome.KEPT


def _frozen(subscription: Subscription) -> None:
    freeze(subscription, reason="It sends spam.", actor="o", now=clock.now())


def _unbound(subscription: Subscription) -> None:
    Binding.objects.filter(product=subscription.product).delete()


def _stopped(subscription: Subscription) -> None:
    type(subscription.product).objects.filter(pk=subscription.product_id).update(status="stopped")
    type(subscription.offer).objects.filter(sku__spec__product=subscription.product_id).update(on_sale=False)


CASES = {
    NotRenewable.OPENING: lambda held: change(held, status="opening"),
    NotRenewable.ENDED: lambda held: change(held, status="released"),
    NotRenewable.TRIAL: lambda held: type(held.offer).objects.filter(pk=held.offer_id).update(trial=True),
    NotRenewable.NO_PERIOD: lambda held: change(held, expires_at=None),
    NotRenewable.TOO_LATE: lambda held: change(held, expires_at=clock.now() - timedelta(days=400)),
    NotRenewable.FROZEN: _frozen,
    NotRenewable.INTERFACE: _unbound,
    NotRenewable.NOT_ON_SALE: _stopped,
}


@pytest.mark.parametrize("refusal", NotRenewable)
def test_renewal_page_gives_the_single_reason(refusal: NotRenewable) -> None:
    subscription = ending_in_a_month(service("saas_v2"))
    assert (renewal_obstacle(subscription, now=clock.now()), may_renew(subscription, now=clock.now())) == (None, True)
    CASES[refusal](subscription)
    subscription = fetched(subscription.pk)
    assert (renewal_obstacle(subscription, now=clock.now()), may_renew(subscription, now=clock.now())) == (
        refusal,
        False,
    )
    text = page(subscription, "storefront:renew")
    reasons = [code for code, words in OBSTACLE_MESSAGES.items() if f"<p>{words}</p>".replace("'", "&#x27;") in text]
    assert reasons == [refusal]
