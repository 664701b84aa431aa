"""Issue 25, 23: what pages and notices say is what is so. Each table is of all relevant states: shown value against fact."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import translation

from tests import factories
from tests.factories import NOW
from tests.factories.metering import item, make_metered, make_uses, push
from tests.factories.products import USES
from tests.market import engine
from tests.market.sites.seller_center.shops import enter, make_shop
from tradepost.market.base.values import replace
from tradepost.market.billing.charge import charge
from tradepost.market.billing.models import Arrears, Charge
from tradepost.market.catalog.models import Product
from tradepost.market.fulfilment.freezing import add_reason
from tradepost.market.identity.models import Seller, User
from tradepost.market.metering import collect
from tradepost.market.notifications import reactions, service_reactions
from tradepost.market.notifications.inbox import inbox
from tradepost.market.notifications.messages import WORDS
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.events import OrderPaid
from tradepost.market.probes.models import Health
from tradepost.market.product_types.registry import product_types
from tradepost.market.production.models import Address
from tradepost.market.subscriptions.events import SubscriptionFrozen
from tradepost.market.subscriptions.models import Freeze, Subscription
from tradepost.market.web.probes import said_of_health
from tradepost.market.web.templatetags.ui import moment, money

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEEDS_ADDRESS = {"SAAS", "LICENSE"}
"""business-rules §2.1: kinds that the seller's production interface delivers."""
KINDS = sorted(product_types())


def words_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode().replace("\xa0", " "))).strip()


def buyer_page(buyer: User) -> Client:
    return enter(buyer)


# --- (i) products on sale without a production address ----------------------------------------------------------------


def test_the_table_has_every_kind() -> None:
    assert set(KINDS) >= NEEDS_ADDRESS
    assert {kind.code for kind in product_types().values() if kind.needs_interface} == NEEDS_ADDRESS


@pytest.mark.parametrize("kind", KINDS)
def test_only_products_that_an_interface_delivers_are_said_to_lack_an_address(kind: str) -> None:
    shop = make_shop()
    product = factories.make_product(shop.seller, bound=False, name_en="Lonely")
    Product.objects.update(product_type=kind)
    page, operator = enter(shop.owner), enter(factories.make_operator())
    lacks = kind in NEEDS_ADDRESS
    overview = words_of(page, "/seller/")
    assert ("Lonely is on sale without a production address" in overview) == lacks
    assert ("Its orders cannot be delivered" in overview) == lacks
    assert ("Three steps to your first order" in overview) == lacks
    addresses = words_of(page, "/seller/addresses/")
    may_have_one, notified = bool(product_types()[kind].protocols), product_types()[kind].order_notices
    assert addresses.count("Lonely") == may_have_one + notified, "beside its address, and beside its notifications"
    assert ("None: orders cannot be delivered" in addresses) is False
    assert ("no address" in words_of(operator, f"/console/sellers/{product.seller_id}/")) == lacks


@pytest.mark.parametrize("kind", KINDS)
def test_a_reader_of_the_addresses_learns_what_an_address_is_needed_for(kind: str) -> None:
    """Who may not change anything reads it in place of the form."""
    seller, reader = factories.make_seller(), factories.make_buyer()
    factories.make_member(seller, reader, factories.make_group(seller, tools="read"))
    factories.make_product(seller, bound=False, name_en="Lonely")
    Product.objects.update(product_type=kind)
    page = words_of(enter(reader), "/seller/addresses/")
    assert ("None: orders cannot be delivered" in page) == (kind in NEEDS_ADDRESS)
    optional = bool(product_types()[kind].protocols) and kind not in NEEDS_ADDRESS
    assert ("None: it is delivered without one" in page) == optional


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("free", [False, True])
def test_a_seller_is_told_of_calls_to_the_interface_only_where_one_is_called(kind: str, *, free: bool) -> None:
    seller = factories.make_seller(member=factories.make_buyer())
    order = factories.make_order(offer=factories.make_offer(factories.make_product(seller)), paid=True)
    Product.objects.update(product_type=kind)
    if free:
        order.lines.update(amount_minor=0)
    Notice.objects.all().delete()
    reactions.on_order_paid(OrderPaid(order=order.number), NOW)
    told = Notice.objects.get(user=seller.members.get().user)
    with translation.override("en"):
        body = str(WORDS[told.kind].body)
    assert ("production interface" in body) == (kind in NEEDS_ADDRESS)


# --- (ii) the all-clear -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("failing", [False, True])
@pytest.mark.parametrize("status", [Seller.Status.ACTIVE, Seller.Status.SUSPENDED])
@pytest.mark.parametrize("group", ["owner", "technical", "commercial"])
def test_the_all_clear_is_given_to_a_company_that_sells_and_has_nothing_to_do(group, status, *, failing: bool) -> None:
    owner = factories.make_buyer()
    seller = factories.make_seller()
    own = factories.make_group(seller, **MENUS[group]) if group in MENUS else group
    factories.make_member(seller, owner, own)
    product = factories.make_product(seller, address=factories.make_address(seller))
    if failing:
        held = factories.make_subscription(factories.make_order(offer=factories.make_offer(product), paid=True))
        stop(held)
    Seller.objects.update(status=status, status_reason="spam")
    page = words_of(enter(owner), "/seller/")
    clear = any(words in page for words in ("Nothing: no call fails", "No call fails", "no operation has stopped"))
    sees_trade = group != "technical"
    assert clear == (status == Seller.Status.ACTIVE and not (failing and sees_trade))
    if clear:
        assert ("nothing stopped" in page) == (group == "owner"), "only who sees both reads of both"
    assert ("suspended your company" in page) == (status == Seller.Status.SUSPENDED)


MENUS = {"technical": {"tools": "write"}, "commercial": {"trade": "write"}}


def stop(held: Subscription) -> None:
    from tests.market.sites import renewing

    renewing.stopped(held, now=NOW)


@pytest.mark.parametrize("status", list(Seller.Status))
@pytest.mark.parametrize("product_status", list(Product.Status))
def test_a_product_of_a_suspended_company_is_not_said_to_be_sold(status, product_status) -> None:
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
    offers = words_of(operator, f"/console/products/{product.pk}/").partition("Facts")[0]
    assert ("Off sale" in offers) == (not product.is_sold)
    if status in {Seller.Status.ACTIVE, Seller.Status.SUSPENDED}:
        page = enter(shop.owner)
        for address in ("/seller/products/", f"/seller/products/{product.pk}/", "/seller/addresses/"):
            assert ("Not sold: the company is suspended" in words_of(page, address)) == suspended, address


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("status", [Seller.Status.ACTIVE, Seller.Status.SUSPENDED])
@pytest.mark.parametrize("product_status", [Product.Status.ON_SALE, Product.Status.FROZEN])
def test_the_sale_controls_say_whether_the_store_shows_a_product(status, product_status, *, hidden: bool) -> None:
    shop = make_shop()
    product = factories.make_product(shop.seller)
    Product.objects.update(status=product_status, hidden=hidden)
    Seller.objects.update(status=status)
    page = words_of(enter(shop.owner), f"/seller/products/{product.pk}/controls/")
    sold = product_status == "on_sale" and status == "active"
    assert ("The store and its search show it." in page) == (sold and not hidden)
    assert ("Anyone with the link can buy it." in page) == (sold and hidden)
    assert ("This product is not on sale." in page) == (not sold)


def test_the_road_of_a_suspended_company_does_not_ask_for_an_application() -> None:
    shop = make_shop()
    for status, suspended in ((Seller.Status.ACTIVE, False), (Seller.Status.SUSPENDED, True)):
        Seller.objects.update(status=status)
        page = words_of(enter(shop.owner), "/seller/road/")
        assert ("Your company is suspended." in page) == suspended
        assert "The application for entry is not sent yet" not in page


@pytest.mark.parametrize("breaker", list(Address.Breaker))
@pytest.mark.parametrize("failures", [0, 3])
def test_the_engine_page_says_that_no_address_is_paused_only_where_none_is(breaker: str, failures: int) -> None:
    """An address that was never called, or fails, is not said to answer."""
    factories.make_address(factories.make_seller())
    opened = NOW if breaker != Address.Breaker.CLOSED else None
    Address.objects.update(breaker=breaker, failures=failures, opened_at=opened, trial_at=opened, last_fault="connect")
    page = words_of(enter(factories.make_operator()), "/console/engine/")
    assert "Every address answers" not in page
    assert ("No address is paused." in page) == (breaker == Address.Breaker.CLOSED)


@pytest.mark.parametrize("verdict", ["", "passed", "failed"])
@pytest.mark.parametrize("freezes_on", [None, "2026-03-05"])
@pytest.mark.parametrize("seen_at", [None, NOW])
def test_probes_are_said_to_pass_with_the_day_of_the_last_one(verdict, freezes_on, seen_at) -> None:
    """Where nothing freezes by itself, a product that fails has no day on which it is frozen."""
    product = factories.make_product()
    health = Health(product=product, verdict=verdict, freezes_on=freezes_on, seen_at=seen_at)
    health.save()
    health.refresh_from_db()
    with translation.override("en"):
        said = said_of_health(health, product, freeze_days=5)
    passing = verdict == "passed" and freezes_on is None and seen_at is not None
    assert (said is not None and said.state == "passing") == passing
    if passing:
        assert said is not None
        assert said.words.endswith("Last probe: 1 Mar 2026.")
    page = words_of(enter(factories.make_operator()), "/console/probes/")
    assert "No product on sale fails its probes" not in page
    assert ("No product on sale is about to be frozen." in page) == (freezes_on is None)


# --- (iii) a debtor's balance -----------------------------------------------------------------------------------------


def charge_what_was_used() -> None:
    closed = collect.close("hour", now=NOW + DAY)
    assert closed is not None
    charge(closed, now=NOW + DAY)


def owing(status: str | None, *, minor: int = 250) -> tuple[User, Arrears | None]:
    """A buyer with a charge of which so much is open, and arrears in this state."""
    buyer = factories.make_buyer(balance="0")
    held = make_metered(buyer=buyer)
    push(held.seller, [item(held, NOW + HOUR, 1000)], now=NOW + DAY)
    charge_what_was_used()
    Charge.objects.update(open_minor=minor)
    if status is None:
        return buyer, None
    Arrears.objects.all().delete()
    return buyer, Arrears.objects.create(
        buyer=buyer, currency="CNY", status=status, level="V0", began_at=NOW, freezes_at=NOW + 2 * DAY,
        releases_at=NOW + 17 * DAY, ended_at=NOW + DAY if status == "paid" else None,
    )  # fmt: skip


@pytest.mark.parametrize("address", ["/balance/", "/charges/"])
@pytest.mark.parametrize("status", [None, "grace", "frozen", "released"])
def test_a_balance_shows_the_debt_and_when_services_are_frozen_and_deleted(status, address) -> None:
    """business-rules §4.4."""
    buyer, arrears = owing(status)
    page = words_of(buyer_page(buyer), address)
    with translation.override("en"):
        assert f"{plain(money(Charge.objects.get().open))} is owed for usage." in page
        if arrears is not None:
            dates = [plain(moment(at)) for at in (arrears.freezes_at, arrears.releases_at)]
            assert [date in page for date in dates] == {"grace": [True, True], "frozen": [False, True]}.get(
                status, [False, False]
            )
    assert ("were deleted" in page) == (status == "released")


@pytest.mark.parametrize("address", ["/balance/", "/charges/"])
def test_a_balance_without_a_debt_shows_none(address) -> None:
    buyer, _ = owing("paid", minor=0)
    assert "is owed for usage" not in words_of(buyer_page(buyer), address)


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", str(html).replace("\xa0", " "))).strip()


# --- (iv) what was used -----------------------------------------------------------------------------------------------


def used(held: Subscription) -> str:
    page = words_of(buyer_page(held.buyer), f"/services/{held.pk}/")
    found = re.search(r"Used(?: this month)? ([\d,.]+) ", page)
    return found[1] if found else ""


def say(held: Subscription, value: int) -> None:
    """The seller answers a query, as it does once when it opens a service."""
    from tradepost.market.fulfilment.sandbox import Trial, try_out
    from tradepost.market.fulfilment.sandbox_acts import Act
    from tradepost.protocols.commands import Done, InstanceInfo, UsageInfo

    operation = try_out(Trial(subscription=held, act=Act.QUERY, actor="seller", now=NOW), sandbox=True)
    answer = Done(
        instances=(InstanceInfo(instance_id=held.instance_id, usage=(UsageInfo(value=Decimal(value), at=NOW),)),)
    )
    assert operation is not None
    assert operation.call is not None
    engine.answer(operation.call, answer, now=NOW)


@pytest.mark.parametrize("answered", [None, 0, 7])
@pytest.mark.parametrize("pushed", [0, 1, 100_000])
def test_a_package_of_uses_shows_the_uses_that_were_counted(pushed: int, answered: int | None) -> None:
    held = make_uses(replace(USES, quota=USES.quota * 0 + 200_000), buyer=factories.make_buyer(balance="30"))
    if answered is not None:
        say(held, answered)
    if pushed:
        push(held.seller, [item(held, NOW + HOUR, pushed)], now=NOW + DAY)
        charge_what_was_used()
    said = "" if answered is None else str(answered)
    assert used(held) == (f"{pushed:,}" if pushed else said)


@pytest.mark.parametrize("answered", [None, 0, 7])
@pytest.mark.parametrize("pushed", [(), (60,), (100_000, 5)])
def test_a_service_on_demand_shows_the_usage_of_this_month(pushed, answered, monkeypatch) -> None:
    from tradepost.market.base import clock

    monkeypatch.setattr(clock, "lately", lambda: NOW + DAY)
    held = make_metered(buyer=factories.make_buyer(balance="1000000"))
    if answered is not None:
        say(held, answered)
    for hour, value in enumerate(pushed):
        push(held.seller, [item(held, NOW + hour * HOUR, value)], now=NOW + DAY)
    said = "" if answered is None else str(answered)
    assert used(held) == (f"{sum(pushed):,}" if pushed else said)


# --- (v) why a service is frozen --------------------------------------------------------------------------------------


REASONS = {
    Freeze.Reason.ARREARS: "usage was not paid",
    Freeze.Reason.OPERATOR: "Reason: spam",
    Freeze.Reason.EXPIRED: "The paid time is over",
    Freeze.Reason.USED_UP: "Nothing is left of its package",
}


@pytest.mark.parametrize("reason", list(Freeze.Reason))
def test_a_frozen_service_says_why_and_never_sends_its_buyer_to_the_seller_for_the_reason(
    reason: Freeze.Reason,
) -> None:
    buyer, arrears = owing("frozen")
    assert arrears is not None
    held = Subscription.objects.get(buyer=buyer)
    add_reason([held], reason, actor="market", note="spam", now=NOW + 2 * DAY)
    page = words_of(buyer_page(buyer), f"/services/{held.pk}/")
    assert REASONS[reason] in page
    assert "for the reason" not in page
    with translation.override("en"):
        debt = (plain(money(Charge.objects.get().open)) in page, plain(moment(arrears.releases_at)) in page)
    assert debt == (reason == "arrears", reason == "arrears")
    service_reactions.on_service_frozen(
        SubscriptionFrozen(subscription=held.pk, at=NOW + 2 * DAY, reason=reason), NOW + 2 * DAY
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
        assert "deleted with its data at 2026-03-18" in words.body


def test_a_debt_that_was_paid_before_the_notice_is_not_mentioned() -> None:
    buyer, _ = owing("frozen")
    held = Subscription.objects.get(buyer=buyer)
    Charge.objects.update(open_minor=0)
    service_reactions.on_service_frozen(SubscriptionFrozen(subscription=held.pk, at=NOW, reason="arrears"), NOW)
    assert Notice.objects.get(user=buyer).kind == "service_frozen"


def test_no_notice_about_a_freeze_sends_its_buyer_to_the_seller_for_the_reason() -> None:
    with translation.override("en"):
        bodies = {kind: str(words.body) for kind, words in WORDS.items() if "frozen" in kind}
    assert bodies
    assert [kind for kind, body in bodies.items() if "for the reason" in body] == []
