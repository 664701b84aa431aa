"""Texts of notices and pages about a service's end: deletion is named only where something is deleted (business-rules
§2.1, §4.5, §5)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from tests.factories import NOW
from tests.factories.every_kind import EVERY_KIND, fetched, service_of_kind
from tests.market.engine import react
from tests.market.fulfilment.deleting import expected_deleter
from tradepost.market.base import clock
from tradepost.market.base.money import Money
from tradepost.market.catalog.models import Product
from tradepost.market.fulfilment.deletion import DeletedBy
from tradepost.market.notifications import auto_renewal_reactions, service_reactions
from tradepost.market.notifications.messages import render_notice
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.events import AutoRenewalFailed
from tradepost.market.subscriptions.events import (
    SubscriptionEndsSoon,
    SubscriptionExpired,
    SubscriptionFrozen,
)
from tradepost.market.subscriptions.models import Freeze, Subscription

pytestmark = pytest.mark.django_db
DELETES = {"en": re.compile(r"delet", re.IGNORECASE), "zh-hans": re.compile("删除|释放")}
STAYS = {"en": "server and its data are kept", "zh-hans": "云服务器及其数据保留"}
SIGN_IN = {"en": re.compile(r"sign in|log in", re.IGNORECASE), "zh-hans": re.compile("登录")}
SAVES = {"en": re.compile("Save the data"), "zh-hans": re.compile("保存所需数据")}
AFTER = timedelta(days=30)


NOT_REFUNDABLE = {"storefront:unsubscribe", "storefront:batch"}
"""Pages that only explain why a service cannot be unsubscribed now."""


def deletes(by: DeletedBy) -> bool:
    return by in {DeletedBy.SELLER, DeletedBy.CLOUD}


def texts(subscription: Subscription) -> Iterator[tuple[str, str, str]]:
    """Yield kind, language and body of each notice to the buyer, then delete the notices."""
    notices = list(Notice.objects.filter(user=subscription.buyer))
    for language in DELETES:
        with translation.override(language):
            for notice in notices:
                yield notice.kind, language, str(render_notice(notice.kind, notice.facts).body)
    Notice.objects.all().delete()


def check_notices(subscription: Subscription, by: DeletedBy, *, saves: bool = False) -> set[str]:
    """Compare each notice with what is deleted, and return the kinds. ``saves``: they ask the buyer to save the data."""
    kinds = set()
    for kind, language, body in texts(subscription):
        kinds.add(kind)
        assert bool(DELETES[language].search(body)) is deletes(by), (kind, body)
        assert not SIGN_IN[language].search(body), (kind, body)
        assert bool(SAVES[language].search(body)) is (saves and deletes(by)), (kind, body)
        assert "–" not in body, (kind, "a fact is missing")
    return kinds


WITH_END = [(code, mode) for code, mode in EVERY_KIND if mode == "PERIOD"]


@pytest.mark.parametrize(("code", "mode"), WITH_END)
def test_end_notices_name_deletion_only_where_something_is_deleted(code: str, mode: str) -> None:
    deleted_by, subscription = expected_deleter(code, mode), service_of_kind(code, mode)
    react(now=NOW)
    Notice.objects.all().delete()
    end = subscription.expires_at
    assert end is not None
    _last_attempt(subscription, deleted_by, end)
    ends_soon = SubscriptionEndsSoon(subscription=subscription.pk, ends=end, days=7)
    service_reactions.on_service_ends_soon(ends_soon, NOW)
    if deleted_by is DeletedBy.IMAGE:  # ends at once without a freeze; releasing the server is only advice
        assert {kind for kind, _language, _body in texts(subscription)} == {"image_ends_soon"}
        return
    assert check_notices(subscription, deleted_by) == {"service_to_renew"}
    expired = SubscriptionExpired(
        subscription=subscription.pk, ended=end, freezes_at=end + AFTER, releases_at=end + 2 * AFTER
    )
    service_reactions.on_service_expired(expired, end)
    assert check_notices(subscription, deleted_by) == {"service_in_grace"}
    frozen = SubscriptionFrozen(subscription=subscription.pk, at=end, reason=Freeze.Reason.EXPIRED)
    service_reactions.on_service_frozen(frozen, end)
    assert check_notices(subscription, deleted_by) == {"service_expired_renewable"}
    Subscription.objects.filter(pk=subscription.pk).update(at_expiry="end")
    service_reactions.on_service_ends_soon(ends_soon, NOW)
    assert check_notices(subscription, deleted_by, saves=True) == {"service_ends_for_good"}
    Subscription.objects.filter(pk=subscription.pk).update(at_expiry="keep")
    Product.objects.filter(pk=subscription.product_id).update(status="ended")
    service_reactions.on_service_ends_soon(ends_soon, NOW)
    assert check_notices(subscription, deleted_by, saves=True) == {"service_closes"}
    service_reactions.on_service_expired(expired, end)
    assert check_notices(subscription, deleted_by, saves=True) == {"service_in_grace_ends"}
    service_reactions.on_service_frozen(frozen, end)
    assert check_notices(subscription, deleted_by) == {"service_expired"}


def _last_attempt(subscription: Subscription, by: DeletedBy, end: datetime) -> None:
    """§4.5: the last attempt of an automatic renewal failed."""
    failed = AutoRenewalFailed(subscription=subscription.pk, reason="balance.too_low", ends=end, next_at=None)
    auto_renewal_reactions.on_auto_renewal_failed(failed, NOW)
    notices = list(texts(subscription))
    assert {kind for kind, _language, _body in notices} == {"auto_renewal_over"}
    for _kind, language, body in notices:
        assert bool(DELETES[language].search(body)) is deletes(by), body
        assert (STAYS[language] in body) is (by is DeletedBy.IMAGE), body


@pytest.mark.parametrize(("code", "mode"), [kind for kind in EVERY_KIND if kind[1] == "ON_DEMAND"])
def test_debt_notice_names_what_is_deleted(code: str, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    deleted_by, subscription = expected_deleter(code, mode), service_of_kind(code, mode)
    react(now=NOW)
    Notice.objects.all().delete()
    monkeypatch.setattr(service_reactions, "debt_of", lambda *_: Money(100, "CNY"))
    monkeypatch.setattr(service_reactions, "open_arrears", lambda *_: SimpleNamespace(releases_at=NOW + AFTER))
    frozen = SubscriptionFrozen(subscription=subscription.pk, at=NOW, reason=Freeze.Reason.ARREARS)
    service_reactions.on_service_frozen(frozen, NOW)
    assert check_notices(subscription, deleted_by) == {"service_frozen_for_debt"}


def test_old_release_notice_names_the_time_of_deletion() -> None:
    facts = {"product": {"zh": "甲", "en": "A"}, "until": {"at": NOW.isoformat()}, "kept": {"at": NOW.isoformat()}}
    with translation.override("en"):
        body = render_notice("service_ends_soon", facts).body
    assert re.search(r"deletes it and its data at \d{4}-\d\d-\d\d", body)


def main_of(answer) -> str:
    html = answer.content.decode()
    inside = re.search(r"<main.*?</main>", html, re.DOTALL)
    assert inside is not None
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", inside.group()))


def buyer_of(subscription: Subscription, language: str) -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(subscription.buyer)
    return client


def pages(subscription: Subscription) -> Iterator[tuple[str, str, str]]:
    """Yield name, language and text of the pages about the end: in use, in grace, frozen."""
    for language in ("en", "zh-hans"):
        client = buyer_of(subscription, language)
        for name in ("storefront:subscription", "storefront:policy", "storefront:unsubscribe"):
            yield name, language, main_of(client.get(reverse(name, args=[subscription.pk])))
        batch = client.get(reverse("storefront:batch"), {"act": "unsubscribe", "service": str(subscription.pk)})
        yield "storefront:batch", language, main_of(batch)


@pytest.mark.slow
@pytest.mark.parametrize(("code", "mode"), WITH_END)
def test_end_pages_name_deletion_only_where_something_is_deleted(code: str, mode: str) -> None:
    by, subscription = expected_deleter(code, mode), service_of_kind(code, mode)
    for name, language, text in pages(subscription):
        names_deletion = bool(DELETES[language].search(text))
        assert names_deletion is deletes(by) or (deletes(by) and name in NOT_REFUNDABLE), (name, text)
    if by is DeletedBy.IMAGE:
        return
    assert subscription.started_at is not None
    past = subscription.started_at - timedelta(days=60)
    Subscription.objects.filter(pk=subscription.pk).update(
        expires_at=past, freeze_at=NOW + 400 * AFTER, release_at=NOW + 500 * AFTER
    )
    for language, pattern in DELETES.items():
        text = main_of(buyer_of(subscription, language).get(reverse("storefront:subscription", args=[subscription.pk])))
        assert bool(pattern.search(text)) is deletes(by), text
    Subscription.objects.filter(pk=subscription.pk).update(status="frozen", freeze_at=past)
    Freeze.objects.create(subscription=subscription, reason="expired", since=past, actor="market")
    for language, pattern in DELETES.items():
        text = main_of(buyer_of(subscription, language).get(reverse("storefront:subscription", args=[subscription.pk])))
        assert bool(pattern.search(text)) is deletes(by), text


@pytest.mark.slow
@pytest.mark.parametrize(("code", "mode"), WITH_END)
def test_saved_choice_names_what_is_deleted(code: str, mode: str) -> None:
    deleted_by, subscription = expected_deleter(code, mode), service_of_kind(code, mode)
    for at_expiry, language in itertools.product(("end", "keep"), DELETES):
        Subscription.objects.filter(pk=subscription.pk).update(expires_at=clock.now() + AFTER, at_expiry="renew")
        answer = buyer_of(subscription, language).post(
            reverse("storefront:policy", args=[subscription.pk]),
            {"at_expiry": at_expiry, "understood": "on"},
            follow=True,
        )
        assert fetched(subscription.pk).at_expiry == at_expiry
        messages = " ".join(str(message) for message in answer.context["messages"])
        assert bool(DELETES[language].search(messages)) is (deletes(deleted_by) and at_expiry == "end"), messages
        assert (STAYS[language] in messages) is (deleted_by is DeletedBy.IMAGE), messages


@pytest.mark.parametrize(
    ("code", "mode"), [kind for kind in EVERY_KIND if kind[1] == "ON_DEMAND" and kind[0] != "IMAGE"]
)
def test_unsubscribe_page_of_a_metered_service_names_what_is_deleted(code: str, mode: str) -> None:
    by, subscription = expected_deleter(code, mode), service_of_kind(code, mode)
    for language, pattern in DELETES.items():
        text = main_of(buyer_of(subscription, language).get(reverse("storefront:unsubscribe", args=[subscription.pk])))
        assert bool(pattern.search(text)) is deletes(by), text
