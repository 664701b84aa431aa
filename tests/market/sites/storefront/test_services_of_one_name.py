"""Issue 27, 5: services with one name differ in the lists; frozen ones show their end and next steps, Renew only where
it works."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import translation

from tests.factories import NOW, make_operator
from tests.factories.every_kind import EVERY_KIND, service_of_kind
from tests.market.fulfilment.services import FREEZE, again, failed, open_call, ordered, passes, renewed, service
from tests.market.fulfilment.trials import TRIAL_END, on_trial
from tests.market.sites.seller_center.shops import enter
from tests.market.sites.stating import owing_buyer, plain_text
from tradepost.market.base import clock
from tradepost.market.billing.models import Arrears
from tradepost.market.catalog.models import Offer, Product
from tradepost.market.fulfilment.freezing import add_reason
from tradepost.market.fulfilment.renewing import may_renew
from tradepost.market.identity.models import User
from tradepost.market.orders.changes import open_changes
from tradepost.market.sites.storefront.subscriptions import with_remedies
from tradepost.market.subscriptions.buyer_queries import SubscriptionFilter, buyer_subscriptions
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.market.web.templatetags.ui import moment

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def move_clock(monkeypatch: pytest.MonkeyPatch):
    def move(now):
        monkeypatch.setattr(clock, "now", lambda: now)
        monkeypatch.setattr(clock, "cached_now", lambda: now)

    move(NOW)
    return move


def rows(user: User, address: str = "/services/") -> list[str]:
    page = enter(user).get(address).content.decode().replace("\xa0", " ")
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    return body.split("</tr>")[:-1]


def row_of(subscription: Subscription, address: str = "/services/", user: User | None = None) -> str:
    pages = rows(user or subscription.buyer, address)
    [row] = [row for row in pages if f'/services/{subscription.pk}/"' in row]
    return row


def test_two_services_with_one_name_are_distinguished(move_clock) -> None:
    first = service("saas_v2")
    second = service("saas_v2")
    Subscription.objects.update(buyer=first.buyer, product=first.product)
    large = Offer.objects.filter(sku__values={"e": "l"}).first()
    Subscription.objects.filter(pk=second.pk).update(offer=large, quantity=7)
    for subscription, edition in ((again(first), "Edition: Small"), (again(second), "Edition: Large")):
        for row in (
            row_of(subscription, user=first.buyer),
            row_of(subscription, "/console/services/", make_operator()),
        ):
            text = plain_text(row)
            assert edition in text
            assert subscription.order_line_number.rpartition("-")[0] in text
            assert subscription.instance_id[-8:] in text
    assert "Seats: 7" in plain_text(row_of(again(second), user=first.buyer))


def make_frozen_service(at) -> Subscription:
    subscription = service("saas_v2")
    passes(FREEZE + HOUR)
    at(FREEZE + HOUR)
    assert again(subscription).status == "frozen"
    return again(subscription)


def renew_link(subscription: Subscription) -> str:
    return f'href="{reverse("storefront:renew", args=[subscription.pk])}"'


def stop_product(subscription: Subscription) -> None:
    Product.objects.filter(pk=subscription.product_id).update(status="stopped")


def freeze_by_operator(subscription: Subscription) -> None:
    add_reason([subscription], Freeze.Reason.OPERATOR, actor="op", note="spam", now=FREEZE + HOUR)


def start_renewal(subscription: Subscription) -> None:
    renewed(subscription, now=FREEZE + HOUR)
    failed(open_call(), now=FREEZE + HOUR)


def leave_renewal_unpaid(subscription: Subscription) -> None:
    ordered(subscription, now=FREEZE + HOUR)


def do_nothing(subscription: Subscription) -> None:
    """It is frozen only because it expired."""


WORDS = {
    do_nothing: "Renew",
    stop_product: "It cannot be renewed. Contact the seller.",
    freeze_by_operator: "Frozen by the operator. Contact Support.",
    start_renewal: "An order about this service is not done yet.",
    leave_renewal_unpaid: "An order about this service is not done yet.",
}


@pytest.mark.parametrize("happens", WORDS, ids=lambda one: one.__name__)
def test_frozen_service_shows_its_deletion_and_renew_only_if_possible(move_clock, happens) -> None:
    """business-rules §4.4: kept until the end of the retention."""
    subscription = make_frozen_service(move_clock)
    happens(subscription)
    subscription = again(subscription)
    row = row_of(subscription)
    works = may_renew(subscription, now=FREEZE + HOUR) and not open_changes(subscription)
    assert (renew_link(subscription) in row) == works == (happens is do_nothing)
    assert WORDS[happens] in plain_text(row)
    assert subscription.release_at is not None
    with translation.override("en"):
        assert f"Deleted on {plain_text(moment(subscription.release_at))}" in plain_text(row)
    if works:
        assert enter(subscription.buyer).get(reverse("storefront:renew", args=[subscription.pk])).status_code == 200
    assert "Deleted on" in plain_text(row_of(subscription, "/console/services/", make_operator()))


def test_active_service_shows_neither(move_clock) -> None:
    subscription = service("saas_v2")
    row = plain_text(row_of(subscription))
    assert "Deleted on" not in row
    assert renew_link(subscription) not in row_of(subscription)


def test_ended_trial_offers_its_conversion(move_clock) -> None:
    subscription = on_trial("saas_v2")
    passes(TRIAL_END + HOUR)
    move_clock(TRIAL_END + HOUR)
    subscription = again(subscription)
    assert subscription.status == "frozen"
    assert f'href="{reverse("storefront:formal", args=[subscription.pk])}"' in row_of(subscription)


def test_service_frozen_for_a_debt_links_to_the_balance_and_shows_its_date(move_clock) -> None:
    """business-rules §4.4: by the arrears, whose date is not stored with a service."""
    buyer, arrears = owing_buyer("frozen")
    subscription = Subscription.objects.get(buyer=buyer)
    add_reason([subscription], Freeze.Reason.ARREARS, actor="market", now=NOW)
    row = row_of(subscription)
    assert 'href="/balance/"' in row
    assert arrears is not None
    with translation.override("en"):
        assert f"Deleted on {plain_text(moment(arrears.releases_at))}" in plain_text(row)
    Arrears.objects.all().delete()
    assert "Deleted on" not in plain_text(row_of(subscription))


@pytest.mark.parametrize(("kind", "mode"), EVERY_KIND)
def test_deletion_is_shown_only_if_something_is_deleted(move_clock, kind: str, mode: str) -> None:
    from tradepost.market.fulfilment.deletion import DeletedBy, deleted_by

    subscription = service_of_kind(kind, mode)
    Subscription.objects.filter(pk=subscription.pk).update(status="frozen", release_at=NOW + 9 * HOUR)
    Freeze.objects.create(subscription=subscription, reason=Freeze.Reason.EXPIRED, since=NOW, actor="market")
    text = plain_text(row_of(subscription))
    deleted = deleted_by(subscription) in {DeletedBy.SELLER, DeletedBy.CLOUD}
    assert ("Deleted on" in text, "Ends on" in text) == (deleted, not deleted)


def test_page_takes_as_many_queries_for_many_frozen_services_as_for_one(move_clock, django_assert_num_queries) -> None:
    subscription = make_frozen_service(move_clock)
    counts = []
    for _ in range(2):
        rows_found = buyer_subscriptions(subscription.buyer, SubscriptionFilter()).rows
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as captured:
            with_remedies(rows_found, now=FREEZE + HOUR)
        counts.append(len(captured))
        other = service("saas_v2")
        Subscription.objects.filter(pk=other.pk).update(
            buyer=subscription.buyer,
            status="frozen",
            expires_at=subscription.expires_at,
            release_at=subscription.release_at,
        )
        Freeze.objects.create(subscription=other, reason=Freeze.Reason.EXPIRED, since=FREEZE, actor="market")
    assert counts[0] == counts[1]
