"""Conversion of a trial: the seller's call, the start of the paid time, and sellers that fail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.apps import apps

from tests.factories import NOW, make_buyer, make_order
from tests.market.engine import react
from tests.market.fulfilment.services import (
    RETENTION,
    again,
    bought,
    command,
    done,
    failed,
    open_call,
    order_status,
    passes,
    renewed,
    told,
)
from tests.market.fulfilment.trials import (
    DAY,
    TRIAL_END,
    choice,
    converted,
    formal_offers,
    on_trial,
    order_conversion,
    trial_of,
)
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Job
from tradepost.market.catalog.models import Offer, Product, PurchaseLimit, SalesTarget
from tradepost.market.fulfilment.converting import convert, may_convert
from tradepost.market.fulfilment.freezing import add_reason
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.pay_back import refund_order
from tradepost.market.fulfilment.renewing import may_renew
from tradepost.market.fulfilment.restart import restart
from tradepost.market.identity.models import User
from tradepost.market.notifications.models import Notice
from tradepost.market.open_api.orders import order_of_seller
from tradepost.market.orders.buyer_queries import lines_of_subscription
from tradepost.market.orders.cancel import cancel_order
from tradepost.market.orders.models import Order, TrialUse
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.reserve import used_units
from tradepost.market.payments import ledger
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.protocols.commands import InstanceStatus, Refresh, Scene, SetStatus
from tradepost.protocols.inline_purchase import dump_purchase

pytestmark = pytest.mark.django_db
TRIAL_RELEASE = TRIAL_END + RETENTION
"""A trial has no grace period (operations.md §7)."""
FORMAL_END = datetime(2026, 4, 16, 8, 0, tzinfo=UTC)
"""A month after the trial."""


def periods(subscription: Subscription) -> list[tuple[str, datetime, datetime, int]]:
    rows = Period.objects.filter(subscription=subscription, cancelled_at=None).order_by("starts_at")
    return list(rows.values_list("kind", "starts_at", "ends_at", "paid_minor"))


def refused(subscription: Subscription, *, now: datetime = NOW, **other: object) -> str:
    """Return the refusal's code; nothing is stored."""
    before = (Order.objects.count(), Job.objects.count(), Operation.objects.count())
    with pytest.raises(Refused) as refusal:
        order_conversion(subscription, now=now, **other)  # type: ignore[arg-type]  # what a form may hold
    assert (Order.objects.count(), Job.objects.count(), Operation.objects.count()) == before
    return refusal.value.code


@pytest.mark.parametrize("spoken", ["saas_v2", "saas_v1"])
def test_running_trial_is_used_up_first(spoken: str) -> None:
    """business-rules §3.5, saas-v2 §3.3, saas-v1-license A2.3; operations.md §4: begins at max(now, trial end)."""
    subscription = on_trial(spoken)
    assert periods(subscription) == [("trial", NOW, TRIAL_END, 0)], "the trial has its period from its opening"
    month = formal_offers(subscription)[0]
    order = converted(subscription, now=NOW + 2 * DAY)
    sent_command = command(open_call())
    assert isinstance(sent_command, Refresh)
    assert (sent_command.scene, sent_command.order_id, sent_command.expires_at, sent_command.product_id) == (
        Scene.TRIAL_TO_FORMAL, order.number, FORMAL_END, month.product_id,
    )  # fmt: skip
    assert sent_command.purchase is not None
    wire = dump_purchase(sent_command.purchase)
    assert (wire["periodType"], wire["periodNumber"], wire["orderAmount"]) == ("month", 1, "100")
    seller_order = order_of_seller(order.number, subscription.seller_id)
    assert seller_order is not None
    assert (seller_order.order_type, seller_order.lines[0].expires_at, seller_order.lines[0].currency) == (
        "TRIAL_TO_FORMAL", FORMAL_END, "100",
    )  # fmt: skip
    assert (again(subscription).expires_at, again(subscription).offer.trial) == (TRIAL_END, True), (
        "before the seller did it"
    )

    done(open_call(), now=NOW + 2 * DAY)
    current = again(subscription)
    assert (current.status, current.expires_at, current.offer_id) == ("active", FORMAL_END, month.pk)
    assert periods(subscription) == [("trial", NOW, TRIAL_END, 0), ("base", TRIAL_END, FORMAL_END, 10_000)]
    assert (order_status(order), ledger.money_in_clearing(order.number)) == ("completed", 10_000)
    assert (told("trial_converted"), told("service_renewed")) == (1, 0)
    lines = lines_of_subscription(subscription.pk)
    assert lines is not None
    assert lines.held.order == order
    assert (may_convert(current, now=NOW + 2 * DAY), may_renew(current, now=NOW + 2 * DAY)) == (False, True)

    passes(TRIAL_END)
    assert ledger.money_in_clearing(order.number) == 0, "earned when the paid time begins (business-rules §8.2)"
    assert again(subscription).status == "active"
    assert ledger.verify().problems == ()


def test_conversion_may_change_edition_quantity_and_duration() -> None:
    """business-rules §3.5: of the same spec. The order tells a SaaS 2.0 seller what the call does not."""
    subscription = on_trial()
    large = formal_offers(subscription)[2]
    order = converted(subscription, large, quantity=3, periods=6)
    assert order.total_minor == 24_000 * 3 * 6
    sent_command = command(open_call())
    assert isinstance(sent_command, Refresh)
    assert (sent_command.product_id, sent_command.expires_at) == (
        large.product_id,
        datetime(2026, 9, 16, 8, 0, tzinfo=UTC),
    )
    seller_order = order_of_seller(order.number, subscription.seller_id)
    assert seller_order is not None
    assert (seller_order.lines[0].products[0].sku_code, seller_order.lines[0].products[0].linear_value) == (
        large.sku.code,
        3,
    )
    done(open_call())
    assert (again(subscription).offer_id, again(subscription).quantity) == (large.pk, 3)


def test_quantity_is_fixed_where_the_call_cannot_carry_it() -> None:
    """saas-v1-license A2.3: refreshInstance has no amount."""
    subscription = on_trial("saas_v1")
    assert refused(subscription, quantity=3) == "conversion.quantity"
    assert order_conversion(subscription, formal_offers(subscription)[3]).total_minor == 100_000


@pytest.mark.parametrize(("spoken", "thawed_by"), [("saas_v2", "call"), ("saas_v1", "refresh")])
def test_conversion_of_an_ended_trial_starts_at_the_payment(spoken: str, thawed_by: str) -> None:
    """operations.md §6: contiguous except after an ended trial; business-rules §4.4: frozen at its end, thawed when paid."""
    subscription, later = on_trial(spoken), TRIAL_END + 3 * DAY
    passes(TRIAL_END)
    done(open_call(), now=TRIAL_END)
    assert (again(subscription).status, told("trial_expired")) == ("frozen", 1)
    order = order_conversion(subscription, now=later - timedelta(hours=5))
    pay_order(order, now=later)
    react(now=later)
    passes(TRIAL_RELEASE)
    assert open_call().kind == "Refresh", "no release during the conversion"
    until = datetime(2026, 4, 19, 8, 0, tzinfo=UTC)
    sent_command = command(open_call())
    assert isinstance(sent_command, Refresh)
    assert sent_command.expires_at == until
    done(open_call(), now=later)
    current = again(subscription)
    assert (current.status, current.expires_at, current.release_at) == ("active", until, None)
    assert periods(subscription) == [("trial", NOW, TRIAL_END, 0), ("base", later, until, 10_000)]
    if thawed_by == "call":
        assert command(open_call()) == SetStatus(instance_id=subscription.instance_id, status=InstanceStatus.UNFREEZE)
        done(open_call(), now=later)
    assert again(subscription).seller_state == "active"
    assert ledger.money_in_clearing(order.number) == 0, (
        "The trial has not ended yet. You can change the service after the paid period starts"
    )
    assert not Call.objects.filter(kind="Release").exists()


def test_monthly_renewals_keep_the_day_of_the_conversion() -> None:
    """business-rules §4.4, decision 0022: the 31st returns after February, whatever day the trial began on."""
    trial_start = datetime(2026, 1, 16, 8, 0, tzinfo=UTC)
    subscription = on_trial(now=trial_start)
    converted(subscription, now=trial_start + DAY)
    done(open_call(), now=trial_start + DAY)
    current = again(subscription)
    assert (current.started_at, current.formal_at) == (trial_start, trial_start + 15 * DAY)
    assert current.expires_at == datetime(2026, 2, 28, 8, 0, tzinfo=UTC)
    renewed(subscription, now=trial_start + 2 * DAY)
    done(open_call(), now=trial_start + 2 * DAY)
    assert again(subscription).expires_at == datetime(2026, 3, 31, 8, 0, tzinfo=UTC)
    Subscription.objects.update(formal_at=None)
    untried = bought(make_order(paid=True, now=trial_start), now=trial_start)
    import_module("tradepost.market.subscriptions.migrations.from_0_1.0009_formal_at").of_periods(apps, None)
    assert again(subscription).formal_at == trial_start + 15 * DAY, "as for rows from before this column"
    assert again(untried).formal_at is None


def test_end_reminder_links_to_the_conversion() -> None:
    subscription = on_trial()
    passes(TRIAL_END - timedelta(seconds=1))
    links = Notice.objects.filter(kind="trial_ends_soon").values_list("link", flat=True)
    assert list(links) == [f"/services/{subscription.pk}/formal/"] * 2, "seven days and one day before"


# --- sellers that fail --------------------------------------------------------------------------------------------------


def test_failed_conversion_stops_and_is_restarted_with_the_same_end() -> None:
    """saas-v2 §3.10: stops; manual restart. operations.md §8: an end is computed only once."""
    subscription = on_trial()
    order = converted(subscription, now=NOW + DAY)
    failed(open_call(), now=NOW + DAY)
    assert (order_status(order), ledger.money_in_clearing(order.number), told("conversion_waits")) == (
        "processing",
        10_000,
        1,
    )
    restart(Operation.objects.get(line__order=order), actor="seller", now=TRIAL_END - DAY)
    done(open_call(), now=TRIAL_END - DAY)
    assert again(subscription).expires_at == FORMAL_END


def test_refunded_conversion_leaves_the_trial_active() -> None:
    """business-rules §4.7."""
    subscription = on_trial()
    before = ledger.buyer_account(subscription.buyer, "CNY").balance
    order = converted(subscription)
    failed(open_call())
    refund_order(order, reason="agreed by telephone", actor="operator", now=NOW)
    react(now=NOW)
    assert (order_status(order), ledger.buyer_account(subscription.buyer, "CNY").balance) == ("refunded", before)
    assert told("conversion_refunded") == 1
    current = again(subscription)
    assert (current.status, current.expires_at, current.offer.trial) == ("active", TRIAL_END, True)
    assert TrialUse.objects.filter(buyer=subscription.buyer).exists(), "the trial was used once"
    assert may_convert(current, now=NOW), "it may be converted again"


def test_unpaid_conversion_ends_with_the_trial() -> None:
    subscription = on_trial()
    passes(TRIAL_END)
    done(open_call(), now=TRIAL_END)
    last = TRIAL_RELEASE
    order = order_conversion(subscription, now=last - timedelta(hours=1))
    assert order.pay_before == last, "a later payment comes too late"
    with pytest.raises(Refused, match=r"conversion\.too_late"):
        pay_order(order, now=last)
    assert ledger.money_in_clearing(order.number) == 0
    passes(last)
    assert order_status(order) == "cancelled"


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_conversion_needs_a_trial() -> None:
    subscription = on_trial()
    converted(subscription)
    done(open_call())
    assert refused(subscription) == "conversion.no_trial"


def test_conversion_waits_for_the_open_order() -> None:
    """business-rules §4.1."""
    subscription = on_trial()
    first = order_conversion(subscription)
    assert refused(subscription) == "service.open_order"
    cancel_order(first, actor="buyer", now=NOW)
    pay_order(order_conversion(subscription), now=NOW)
    assert refused(subscription) == "service.open_order"


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"agreed": False}, "order.agreement"),
        ({"periods": 2}, "order.periods"),
        ({"quantity": 51}, "order.quantity"),
        ({"product_id": "OFFI0"}, "offer.unknown"),
        ({"quote": "none"}, "order.quote_unknown"),
    ],
)
def test_invalid_choice_is_refused(other: dict[str, object], code: str) -> None:
    assert refused(on_trial(), now=NOW, **other) == code


def test_conversion_offers_only_paid_periods_of_the_same_specification() -> None:
    """business-rules §3.5."""
    subscription, stranger = on_trial(), on_trial()
    assert refused(subscription, product_id=formal_offers(stranger)[0].product_id) == "service.other_spec"
    assert refused(subscription, product_id=subscription.offer.product_id) == "service.other_spec"


@pytest.mark.parametrize(
    ("status", "code"), [(Product.Status.STOPPED, "offer.unknown"), (Product.Status.FROZEN, "product.frozen")]
)
def test_withdrawn_product_is_not_converted(status: str, code: str) -> None:
    """business-rules §2.8, saas-v2 §6: a conversion is a purchase without a new instance."""
    subscription = on_trial()
    order = order_conversion(subscription)
    Product.objects.filter(pk=subscription.product_id).update(status=status)
    with pytest.raises(Refused):
        pay_order(order, now=NOW)
    assert order_status(order) == "unpaid"
    cancel_order(order, actor="buyer", now=NOW)
    assert refused(subscription) == code


def test_sales_targets_and_limits_apply_as_to_a_purchase() -> None:
    """business-rules §3.5 (sales target), §3.7: once per user; the trial itself does not count."""
    buyer = make_buyer(balance="10000")
    subscription = on_trial(buyer=buyer)
    month = formal_offers(subscription)[0]
    limit = PurchaseLimit.objects.create(product=subscription.product, maximum=1, until_expiry=True)
    assert used_units(limit, buyer.pk, now=NOW) == 0
    order = converted(subscription)
    assert used_units(limit, buyer.pk, now=TRIAL_END + DAY) == 1, "during the conversion, whenever the trial ends"
    done(open_call())
    assert used_units(limit, buyer.pk, now=NOW) == 1
    with pytest.raises(Refused, match=r"order\.limit"):
        make_order(buyer, offer=Offer.objects.select_related("sku__spec__product__seller").get(pk=month.pk))
    assert order_status(order) == "completed"

    other = trial_of(subscription.product, make_buyer(balance="10000"))
    SalesTarget.objects.create(product=subscription.product, audience=SalesTarget.Audience.COMPANIES)
    User.objects.filter(pk=other.buyer_id).update(customer_type="person")
    other.buyer.refresh_from_db()
    assert refused(other) == "order.not_for_you"


def test_purchase_counts_for_the_limit_of_a_conversion() -> None:
    """business-rules §3.7."""
    buyer = make_buyer(balance="10000")
    subscription = on_trial(buyer=buyer)
    PurchaseLimit.objects.create(product=subscription.product, maximum=1)
    month = Offer.objects.select_related("sku__spec__product__seller").get(pk=formal_offers(subscription)[0].pk)
    purchase = make_order(buyer, offer=month)
    assert refused(subscription) == "order.limit"
    cancel_order(purchase, actor="buyer", now=NOW)
    order_conversion(subscription)


def test_frozen_trial_waits_for_the_lift() -> None:
    """operations.md §7: operator-frozen: no renewal, time runs."""
    subscription = on_trial()
    add_reason([again(subscription)], Freeze.Reason.OPERATOR, actor="operator", now=NOW)
    assert refused(subscription) == "conversion.frozen"


def test_conversion_needs_a_protocol_activity() -> None:
    """saas-v1-license B1 does not say why an expiry moves in License 1.0."""
    subscription = on_trial()
    address = subscription.product.binding.address
    address.protocol = "license_v1"
    address.save()
    assert refused(subscription) == "conversion.no_word"
    assert not may_convert(again(subscription), now=NOW)


def test_only_the_buyer_converts_a_trial() -> None:
    subscription = on_trial()
    with pytest.raises(Subscription.DoesNotExist):
        convert(subscription, make_buyer(), choice(subscription), now=NOW, unpaid_timeout=DAY)
    assert not Order.objects.filter(order_type="TRIAL_TO_FORMAL").exists()
