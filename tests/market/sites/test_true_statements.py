"""Issue 25, 23: pages and notices state facts. Each table covers all relevant states: shown value against fact."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.utils import translation

from tests import factories
from tests.factories import NOW
from tests.factories.metering import item, make_metered, make_uses, push
from tests.factories.products import USES
from tests.market import engine
from tests.market.sites.seller_center.shops import enter, make_shop
from tests.market.sites.stating import DAY, HOUR, buyer_page, charge_what_was_used, owing_buyer, plain_text, words_of
from tradepost.market.base.values import replace
from tradepost.market.billing.models import Charge
from tradepost.market.catalog.models import Product
from tradepost.market.fulfilment.freezing import add_reason
from tradepost.market.identity.models import Seller
from tradepost.market.notifications import reactions, service_reactions
from tradepost.market.notifications.inbox import inbox
from tradepost.market.notifications.messages import TEMPLATES
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.events import OrderPaid
from tradepost.market.probes.models import Health
from tradepost.market.product_types.registry import product_types
from tradepost.market.production.models import Address
from tradepost.market.subscriptions.events import SubscriptionFrozen
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.market.web.probes import health_note
from tradepost.market.web.templatetags.ui import moment, money

pytestmark = pytest.mark.django_db

NEEDS_ADDRESS = {"SAAS", "LICENSE"}
"""business-rules §2.1: kinds delivered through the seller's production interface."""
KINDS = sorted(product_types())


# --- (i) products on sale without a production address ----------------------------------------------------------------


def test_table_has_every_kind() -> None:
    assert set(KINDS) >= NEEDS_ADDRESS
    assert {kind.code for kind in product_types().values() if kind.needs_interface} == NEEDS_ADDRESS


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_missing_address_is_reported_only_for_products_with_an_interface(kind: str) -> None:
    shop = make_shop()
    product = factories.make_product(shop.seller, bound=False, name_en="Lonely")
    Product.objects.update(product_type=kind)
    page, operator = enter(shop.owner), enter(factories.make_operator())
    lacks = kind in NEEDS_ADDRESS
    overview = words_of(page, "/seller/")
    assert ("Lonely is on sale without a production address" in overview) == lacks
    assert ("Its orders cannot be delivered" in overview) == lacks
    addresses = words_of(page, "/seller/addresses/")
    may_have_one, notified = bool(product_types()[kind].protocols), product_types()[kind].order_notices
    assert addresses.count("Lonely") == may_have_one + notified, "beside its address, and beside its notifications"
    assert ("None. Orders cannot be delivered." in addresses) is False
    assert ("no address" in words_of(operator, f"/console/sellers/{product.seller_id}/")) == lacks


@pytest.mark.parametrize("kind", KINDS)
def test_reader_of_the_addresses_page_learns_their_purpose(kind: str) -> None:
    """Members without the right see it in place of the form."""
    seller, reader = factories.make_seller(), factories.make_buyer()
    factories.make_member(seller, reader, factories.make_group(seller, tools="read"))
    factories.make_product(seller, bound=False, name_en="Lonely")
    Product.objects.update(product_type=kind)
    page = words_of(enter(reader), "/seller/addresses/")
    assert ("None. Orders cannot be delivered." in page) == (kind in NEEDS_ADDRESS)
    optional = bool(product_types()[kind].protocols) and kind not in NEEDS_ADDRESS
    assert ("None: not needed for delivery" in page) == optional


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("free", [False, True])
def test_seller_is_notified_of_calls_only_if_an_interface_is_called(kind: str, *, free: bool) -> None:
    seller = factories.make_seller(member=factories.make_buyer())
    order = factories.make_order(offer=factories.make_offer(factories.make_product(seller)), paid=True)
    Product.objects.update(product_type=kind)
    if free:
        order.lines.update(amount_minor=0)
    Notice.objects.all().delete()
    reactions.on_order_paid(OrderPaid(order=order.number), NOW)
    notice = Notice.objects.get(user=seller.members.get().user)
    with translation.override("en"):
        body = str(TEMPLATES[notice.kind].body)
    assert ("production interface" in body) == (kind in NEEDS_ADDRESS)


# --- (ii) the all-clear -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("failing", [False, True])
@pytest.mark.parametrize("status", [Seller.Status.ACTIVE, Seller.Status.SUSPENDED])
@pytest.mark.parametrize("group", ["owner", "technical", "commercial"])
def test_all_clear_needs_a_selling_company_without_tasks(group, status, *, failing: bool) -> None:
    owner = factories.make_buyer()
    seller = factories.make_seller()
    own = factories.make_group(seller, **MENUS[group]) if group in MENUS else group
    factories.make_member(seller, owner, own)
    product = factories.make_product(seller, address=factories.make_address(seller))
    subscription = factories.make_subscription(factories.make_order(offer=factories.make_offer(product), paid=True))
    if failing:
        stop(subscription)
    Seller.objects.update(status=status, status_reason="spam")
    page = words_of(enter(owner), "/seller/")
    clear = any(
        words in page
        for words in (
            "No failed calls",
            "No calls are failing. Every product on sale that needs a production address has one, and every address has its key",
            "No operations have stopped",
        )
    )
    sees_trade = group != "technical"
    assert clear == (status == Seller.Status.ACTIVE and not (failing and sees_trade))
    if clear:
        assert ("no stopped operations" in page) == (group == "owner"), "only who sees both reads of both"
    assert ("suspended your company" in page) == (status == Seller.Status.SUSPENDED)


MENUS = {"technical": {"tools": "write"}, "commercial": {"trade": "write"}}


def stop(subscription: Subscription) -> None:
    from tests.market.sites import renewing

    renewing.stopped(subscription, now=NOW)


@pytest.mark.slow
@pytest.mark.parametrize("status", list(Seller.Status))
@pytest.mark.parametrize("product_status", list(Product.Status))
def test_product_of_a_suspended_company_is_not_shown_as_sold(status, product_status) -> None:
    shop = make_shop()
    product = factories.make_product(shop.seller)
    Product.objects.update(status=product_status)
    Seller.objects.update(status=status)
    product.refresh_from_db()
    suspended = product_status == Product.Status.ON_SALE and status != Seller.Status.ACTIVE
    operator = enter(factories.make_operator())
    for address in ("/console/products/", f"/console/products/{product.pk}/", f"/console/sellers/{product.seller_id}/"):
        shown = words_of(operator, address)
        assert ("Not sold: the company is suspended" in shown) == suspended, address
    assert product.is_sold == (product_status == "on_sale" and status == "active")
    offers = words_of(operator, f"/console/products/{product.pk}/").partition("Details")[0]
    assert ("Off sale" in offers) == (not product.is_sold)
    if status in {Seller.Status.ACTIVE, Seller.Status.SUSPENDED}:
        page = enter(shop.owner)
        for address in ("/seller/products/", f"/seller/products/{product.pk}/", "/seller/addresses/"):
            assert ("Not sold: the company is suspended" in words_of(page, address)) == suspended, address


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("status", [Seller.Status.ACTIVE, Seller.Status.SUSPENDED])
@pytest.mark.parametrize("product_status", [Product.Status.ON_SALE, Product.Status.FROZEN])
def test_sale_controls_say_whether_the_store_shows_a_product(status, product_status, *, hidden: bool) -> None:
    shop = make_shop()
    product = factories.make_product(shop.seller)
    Product.objects.update(status=product_status, hidden=hidden)
    Seller.objects.update(status=status)
    page = words_of(enter(shop.owner), f"/seller/products/{product.pk}/controls/")
    sold = product_status == "on_sale" and status == "active"
    assert ("The store and its search show it." in page) == (sold and not hidden)
    assert ("Anyone with the link can buy it." in page) == (sold and hidden)
    assert ("This product is not on sale." in page) == (not sold)


def test_page_of_a_suspended_company_does_not_ask_for_an_application() -> None:
    shop = make_shop()
    for status, suspended in ((Seller.Status.ACTIVE, False), (Seller.Status.SUSPENDED, True)):
        Seller.objects.update(status=status)
        page = words_of(enter(shop.owner), "/seller/road/")
        assert ("Your company is suspended." in page) == suspended
        assert "Your entry application has not been submitted yet" not in page


@pytest.mark.parametrize("breaker", list(Address.Breaker))
@pytest.mark.parametrize("failures", [0, 3])
def test_engine_page_says_that_no_address_is_paused_only_if_none_is(breaker: str, failures: int) -> None:
    """A page must not claim that an address responds if it was never called, or fails."""
    factories.make_address(factories.make_seller())
    opened = NOW if breaker != Address.Breaker.CLOSED else None
    Address.objects.update(breaker=breaker, failures=failures, opened_at=opened, trial_at=opened, last_fault="connect")
    page = words_of(enter(factories.make_operator()), "/console/engine/")
    assert "Every address answers" not in page
    assert ("No address is paused." in page) == (breaker == Address.Breaker.CLOSED)


@pytest.mark.parametrize("verdict", ["", "passed", "failed"])
@pytest.mark.parametrize("freezes_on", [None, "2026-03-05"])
@pytest.mark.parametrize("seen_at", [None, NOW])
def test_passing_probes_are_shown_with_the_day_of_the_last_one(verdict, freezes_on, seen_at) -> None:
    """Without automatic freezing, a failing product has no freezing day."""
    product = factories.make_product()
    health = Health(product=product, verdict=verdict, freezes_on=freezes_on, seen_at=seen_at)
    health.save()
    health.refresh_from_db()
    with translation.override("en"):
        note = health_note(health, product, freeze_days=5)
    passing = verdict == "passed" and freezes_on is None and seen_at is not None
    assert (note is not None and note.state == "passing") == passing
    if passing:
        assert note is not None
        assert note.words.endswith("Last probe: 1 Mar 2026.")
    page = words_of(enter(factories.make_operator()), "/console/probes/")
    assert "No product on sale is failing its probes" not in page
    assert ("No product on sale is about to be suspended." in page) == (freezes_on is None)


# --- (iii) a debtor's balance -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/balance/", "/charges/"])
@pytest.mark.parametrize("status", [None, "grace", "frozen", "released"])
def test_balance_shows_the_debt_and_the_dates_of_freeze_and_deletion(status, address) -> None:
    """business-rules §4.4."""
    buyer, arrears = owing_buyer(status)
    page = words_of(buyer_page(buyer), address)
    with translation.override("en"):
        assert f"{plain_text(money(Charge.objects.get().open))} for usage" in page
        if arrears is not None:
            dates = [plain_text(moment(at)) for at in (arrears.freezes_at, arrears.releases_at)]
            assert [date in page for date in dates] == {"grace": [True, True], "frozen": [False, True]}.get(
                status, [False, False]
            )
    assert ("have closed permanently" in page) == (status == "released")


@pytest.mark.parametrize("address", ["/balance/", "/charges/"])
def test_balance_without_a_debt_shows_none(address) -> None:
    buyer, _ = owing_buyer("paid", minor=0)
    assert "is owed for usage" not in words_of(buyer_page(buyer), address)


# --- (iv) what was used -----------------------------------------------------------------------------------------------


def used_amount(subscription: Subscription) -> str:
    page = words_of(buyer_page(subscription.buyer), f"/services/{subscription.pk}/")
    match = re.search(r"Used(?: this month)? ([\d,.]+) ", page)
    return match[1] if match else ""


def answer_query(subscription: Subscription, value: int) -> None:
    """The seller responds to a query once, as when it opens a service."""
    from tradepost.market.fulfilment.sandbox import SandboxAct, start_act
    from tradepost.market.fulfilment.sandbox_acts import Act
    from tradepost.protocols.commands import Done, InstanceInfo, UsageInfo

    operation = start_act(SandboxAct(subscription=subscription, act=Act.QUERY, actor="seller", now=NOW), sandbox=True)
    answer = Done(
        instances=(
            InstanceInfo(instance_id=subscription.instance_id, usage=(UsageInfo(value=Decimal(value), at=NOW),)),
        )
    )
    assert operation is not None
    assert operation.call is not None
    engine.answer(operation.call, answer, now=NOW)


@pytest.mark.parametrize("answered", [None, 0, 7])
@pytest.mark.parametrize("pushed", [0, 1, 100_000])
def test_usage_package_shows_the_counted_uses(pushed: int, answered: int | None) -> None:
    uses = make_uses(replace(USES, quota=USES.quota * 0 + 200_000), buyer=factories.make_buyer(balance="30"))
    if answered is not None:
        answer_query(uses, answered)
    if pushed:
        push(uses.seller, [item(uses, NOW + HOUR, pushed)], now=NOW + DAY)
        charge_what_was_used()
    answer_text = "" if answered is None else str(answered)
    assert used_amount(uses) == (f"{pushed:,}" if pushed else answer_text)


@pytest.mark.parametrize("answered", [None, 0, 7])
@pytest.mark.parametrize("pushed", [(), (60,), (100_000, 5)])
def test_service_on_demand_shows_the_usage_of_this_month(pushed, answered, monkeypatch) -> None:
    from tradepost.market.base import clock

    monkeypatch.setattr(clock, "cached_now", lambda: NOW + DAY)
    metered = make_metered(buyer=factories.make_buyer(balance="1000000"))
    if answered is not None:
        answer_query(metered, answered)
    for hour, value in enumerate(pushed):
        push(metered.seller, [item(metered, NOW + hour * HOUR, value)], now=NOW + DAY)
    answer_text = "" if answered is None else str(answered)
    assert used_amount(metered) == (f"{sum(pushed):,}" if pushed else answer_text)


# --- (v) why a service is frozen --------------------------------------------------------------------------------------


REASONS = {
    Freeze.Reason.ARREARS: "usage was not paid",
    Freeze.Reason.OPERATOR: "Reason: spam",
    Freeze.Reason.EXPIRED: "its paid period ended",
    Freeze.Reason.USED_UP: "The package is used up",
}


@pytest.mark.parametrize("reason", list(Freeze.Reason))
def test_frozen_service_says_why_and_does_not_refer_to_the_seller(
    reason: Freeze.Reason,
) -> None:
    buyer, arrears = owing_buyer("frozen")
    assert arrears is not None
    subscription = Subscription.objects.get(buyer=buyer)
    add_reason([subscription], reason, actor="market", note="spam", now=NOW + 2 * DAY)
    page = words_of(buyer_page(buyer), f"/services/{subscription.pk}/")
    assert REASONS[reason] in page
    assert "for the reason" not in page
    with translation.override("en"):
        debt = (plain_text(money(Charge.objects.get().open)) in page, plain_text(moment(arrears.releases_at)) in page)
    assert debt == (reason == "arrears", reason == "arrears")
    service_reactions.on_service_frozen(
        SubscriptionFrozen(subscription=subscription.pk, at=NOW + 2 * DAY, reason=reason), NOW + 2 * DAY
    )
    notice = Notice.objects.filter(user=buyer, kind__startswith="service_frozen").order_by("-pk").first()
    if reason in {"arrears", "expired"}:
        assert notice is not None
    if reason == "arrears":
        assert notice is not None
        assert notice.link == "/balance/"
        with translation.override("en"):
            words = inbox(buyer).rows[0].words
        assert "¥ 2.50" in words.title.replace("\xa0", " ")
        assert "deletes it and its data at 2026-03-18" in words.body


def test_debt_paid_before_the_notice_is_not_mentioned() -> None:
    buyer, _ = owing_buyer("frozen")
    subscription = Subscription.objects.get(buyer=buyer)
    Charge.objects.update(open_minor=0)
    service_reactions.on_service_frozen(SubscriptionFrozen(subscription=subscription.pk, at=NOW, reason="arrears"), NOW)
    assert Notice.objects.get(user=buyer).kind == "service_frozen"


def test_no_notice_about_a_freeze_refers_to_the_seller_for_the_reason() -> None:
    with translation.override("en"):
        bodies = {kind: str(words.body) for kind, words in TEMPLATES.items() if "frozen" in kind}
    assert bodies
    assert [kind for kind, body in bodies.items() if "for the reason" in body] == []
