"""What pages say of a service's end, of a renewal that is not possible, and of what happens if its buyer does nothing
(business-rules §4.4, §4.5, §4.7, §5)."""

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
from tradepost.market.fulfilment.renewing import NotRenewable, may_renew, why_not_renewable
from tradepost.market.orders.refund_terms import Offered, Why
from tradepost.market.production.models import Binding
from tradepost.market.sites.storefront import unsubscribe
from tradepost.market.sites.storefront.at_its_end import Untouched, if_untouched
from tradepost.market.sites.storefront.renew import WHY_NOT
from tradepost.market.subscriptions.models import Freeze, Subscription

pytestmark = pytest.mark.django_db
SENTENCES = {
    Untouched.RENEWED: "it is renewed automatically and paid from your balance",
    Untouched.DELETED: "it is deleted with its data at the end of its paid time",
    Untouched.KEPT: "it is frozen after its paid time and deleted later",
}
ELSEWHERE = {Why.USAGE, Why.INVOICED, Why.ON_SERVER}
"""Whose notes lead to another page, or are not shown."""


def page(held: Subscription, name: str) -> str:
    client = Client(headers={"accept-language": "en"})
    client.force_login(held.buyer)
    text = client.get(reverse(name, args=[held.pk])).content.decode()
    return re.sub(r"\s+", " ", text).replace("\xa0", " ")


def changed(held: Subscription, **fields: object) -> Subscription:
    Subscription.objects.filter(pk=held.pk).update(**fields)
    return fetched(held.pk)


def in_a_month(held: Subscription, **fields: object) -> Subscription:
    """Fetched with an end in a month of the clock that pages use."""
    return changed(held, expires_at=clock.now() + timedelta(days=30), started_at=clock.now(), **fields)


AT_EXPIRY = {
    "keep": ({}, Untouched.KEPT),
    "end": ({}, Untouched.DELETED),
    "renew": ({"auto_period_type": "month", "auto_periods": 1}, Untouched.RENEWED),
}


@pytest.mark.parametrize("has_end", [True, False])
@pytest.mark.parametrize("at_expiry", AT_EXPIRY)
def test_the_page_of_what_is_not_refundable_says_what_happens_otherwise(
    at_expiry: str, has_end: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every reason, with every choice for the end."""
    more, expected = AT_EXPIRY[at_expiry]
    held = in_a_month(service("saas_v2"), at_expiry=at_expiry, **more)
    if not has_end:
        held = changed(held, expires_at=None)
    for why in Why:
        monkeypatch.setattr(unsubscribe, "what_may", lambda *_args, why=why, **_more: Offered(why=why))
        text = page(held, "storefront:unsubscribe")
        said = {state for state, words in SENTENCES.items() if words in text}
        shown = has_end and why not in ELSEWHERE
        assert said == ({expected} if shown else set()), why
        assert ("Change what happens at its end" in text) is shown, why


@pytest.mark.parametrize(
    ("code", "mode", "expected"),
    [
        ("SAAS", "PERIOD", Untouched.KEPT), ("SAAS", "ONE_TIME", None), ("SAAS", "ON_DEMAND", None),
        ("IMAGE", "PERIOD", Untouched.IMAGE_ENDS), ("IMAGE", "ON_DEMAND", None), ("AI_ASSET", "PERIOD", Untouched.ENDS),
        ("LICENSE_CODE", "PERIOD", Untouched.ENDS), ("MANUAL_SERVICE", "PERIOD", Untouched.ENDS),
    ],
)  # fmt: skip
def test_what_happens_depends_on_what_was_bought(code: str, mode: str, expected: Untouched | None) -> None:
    held = service_of_kind(code, mode)
    now = held.created_at
    assert if_untouched(held, now=now) is expected
    if held.expires_at:
        assert if_untouched(held, now=held.expires_at) is None, "its paid time is over"
    assert if_untouched(changed(held, status="releasing"), now=now) is None


def test_an_automatic_renewal_that_is_not_possible_is_not_promised() -> None:
    held = in_a_month(service("saas_v2"), at_expiry="renew", auto_period_type="month", auto_periods=1)
    assert "Renews automatically on" in page(held, "storefront:subscription")
    Freeze.objects.create(subscription=held, reason="operator", since=clock.now(), actor="o", note="It sends spam.")
    held = changed(held, status="frozen")
    text = page(held, "storefront:subscription")
    assert "Set to renew automatically, but it cannot be renewed now. Next try:" in text
    assert "Renews automatically on" not in text
    assert if_untouched(held, now=clock.now()) is Untouched.KEPT


def _frozen(held: Subscription) -> None:
    freeze(held, reason="It sends spam.", actor="o", now=clock.now())


def _unbound(held: Subscription) -> None:
    Binding.objects.filter(product=held.product).delete()


def _stopped(held: Subscription) -> None:
    type(held.product).objects.filter(pk=held.product_id).update(status="stopped")
    type(held.offer).objects.filter(sku__spec__product=held.product_id).update(on_sale=False)


CASES = {
    NotRenewable.OPENING: lambda held: changed(held, status="opening"),
    NotRenewable.ENDED: lambda held: changed(held, status="released"),
    NotRenewable.TRIAL: lambda held: type(held.offer).objects.filter(pk=held.offer_id).update(trial=True),
    NotRenewable.NO_PERIOD: lambda held: changed(held, expires_at=None),
    NotRenewable.TOO_LATE: lambda held: changed(held, expires_at=clock.now() - timedelta(days=400)),
    NotRenewable.FROZEN: _frozen,
    NotRenewable.INTERFACE: _unbound,
    NotRenewable.NOT_ON_SALE: _stopped,
}


@pytest.mark.parametrize("why", NotRenewable)
def test_the_page_of_a_renewal_gives_the_one_reason(why: NotRenewable) -> None:
    held = in_a_month(service("saas_v2"))
    assert (why_not_renewable(held, now=clock.now()), may_renew(held, now=clock.now())) == (None, True)
    CASES[why](held)
    held = fetched(held.pk)
    assert (why_not_renewable(held, now=clock.now()), may_renew(held, now=clock.now())) == (why, False)
    text = page(held, "storefront:renew")
    said = [one for one, words in WHY_NOT.items() if f"<p>{words}</p>".replace("'", "&#x27;") in text]
    assert said == [why]
