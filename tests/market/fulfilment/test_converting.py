"""A trial becomes formal: what is asked of the seller, when the paid time begins, and what comes of a seller that does not."""

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
    ordered_formal,
    trial_of,
)
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Job
from tradepost.market.catalog.models import Offer, Product, PurchaseLimit, SalesTarget
from tradepost.market.fulfilment.converting import convert, may_convert
from tradepost.market.fulfilment.freezing import add_reason
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.pay_back import pay_back
from tradepost.market.fulfilment.renewing import may_renew
from tradepost.market.fulfilment.restart import restart
from tradepost.market.identity.models import User
from tradepost.market.notifications.models import Notice
from tradepost.market.open_api.orders import order_of_seller
from tradepost.market.orders.buyer_queries import about
from tradepost.market.orders.cancel import cancel_order
from tradepost.market.orders.models import Order, TrialUse
from tradepost.market.orders.pay import pay_order
from tradepost.market.orders.reserve import used
from tradepost.market.payments import ledger
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Freeze, Period, Subscription
from tradepost.protocols.commands import InstanceStatus, Refresh, Scene, SetStatus
from tradepost.protocols.inline_purchase import dump_purchase

pytestmark = pytest.mark.django_db
TRIAL_RELEASE = TRIAL_END + RETENTION
"""A trial has no grace (operations.md §7)."""
FORMAL_END = datetime(2026, 4, 16, 8, 0, tzinfo=UTC)
"""A month after the trial."""


def periods(subscription: Subscription) -> list[tuple[str, datetime, datetime, int]]:
    rows = Period.objects.filter(subscription=subscription, cancelled_at=None).order_by("starts_at")
    return list(rows.values_list("kind", "starts_at", "ends_at", "paid_minor"))


def refused(subscription: Subscription, *, now: datetime = NOW, **other: object) -> str:
    """The code of the refusal; nothing is stored then."""
    before = (Order.objects.count(), Job.objects.count(), Operation.objects.count())
    with pytest.raises(Refused) as why:
        ordered_formal(subscription, now=now, **other)  # type: ignore[arg-type]  # what a form may hold
    assert (Order.objects.count(), Job.objects.count(), Operation.objects.count()) == before
    return why.value.code


@pytest.mark.parametrize("spoken", ["saas_v2", "saas_v1"])
def test_a_trial_that_runs_is_used_up_first(spoken: str) -> None:
    """business-rules §3.5, saas-v2 §3.3, saas-v1-license A2.3; operations.md §4: begins at max(now, trial end)."""
    held = on_trial(spoken)
    assert periods(held) == [("trial", NOW, TRIAL_END, 0)], "it has its period from its opening on"
    month = formal_offers(held)[0]
    order = converted(held, now=NOW + 2 * DAY)
    asked = command(open_call())
    assert isinstance(asked, Refresh)
    assert (asked.scene, asked.order_id, asked.expires_at, asked.product_id) == (
        Scene.TRIAL_TO_FORMAL, order.number, FORMAL_END, month.product_id,
    )  # fmt: skip
    assert asked.purchase is not None
    wire = dump_purchase(asked.purchase)
    assert (wire["periodType"], wire["periodNumber"], wire["orderAmount"]) == ("month", 1, "100")
    seen = order_of_seller(order.number, held.seller_id)
    assert seen is not None
    assert (seen.order_type, seen.lines[0].expires_at, seen.lines[0].currency) == (
        "TRIAL_TO_FORMAL", FORMAL_END, "100",
    )  # fmt: skip
    assert (again(held).expires_at, again(held).offer.trial) == (TRIAL_END, True), "before the seller did it"

    done(open_call(), now=NOW + 2 * DAY)
    found = again(held)
    assert (found.status, found.expires_at, found.offer_id) == ("active", FORMAL_END, month.pk)
    assert periods(held) == [("trial", NOW, TRIAL_END, 0), ("base", TRIAL_END, FORMAL_END, 10_000)]
    assert (order_status(order), ledger.held_for(order.number)) == ("completed", 10_000)
    assert (told("trial_converted"), told("service_renewed")) == (1, 0)
    lines = about(held.pk)
    assert lines is not None
    assert lines.held.order == order
    assert (may_convert(found, now=NOW + 2 * DAY), may_renew(found, now=NOW + 2 * DAY)) == (False, True)

    passes(TRIAL_END)
    assert ledger.held_for(order.number) == 0, "earned when its time begins (business-rules §8.2)"
    assert again(held).status == "active"
    assert ledger.verify().problems == ()


def test_edition_quantity_and_duration_may_be_others() -> None:
    """business-rules §3.5: of the same spec; the order says what a SaaS 2.0 seller is not told."""
    held = on_trial()
    large = formal_offers(held)[2]
    order = converted(held, large, quantity=3, periods=6)
    assert order.total_minor == 24_000 * 3 * 6
    asked = command(open_call())
    assert isinstance(asked, Refresh)
    assert (asked.product_id, asked.expires_at) == (large.product_id, datetime(2026, 9, 16, 8, 0, tzinfo=UTC))
    seen = order_of_seller(order.number, held.seller_id)
    assert seen is not None
    assert (seen.lines[0].products[0].sku_code, seen.lines[0].products[0].linear_value) == (large.sku.code, 3)
    done(open_call())
    assert (again(held).offer_id, again(held).quantity) == (large.pk, 3)


def test_where_the_seller_would_not_learn_the_quantity_it_stays() -> None:
    """saas-v1-license A2.3: refreshInstance has no amount."""
    held = on_trial("saas_v1")
    assert refused(held, quantity=3) == "conversion.quantity"
    assert ordered_formal(held, formal_offers(held)[3]).total_minor == 100_000


@pytest.mark.parametrize(("spoken", "thawed_by"), [("saas_v2", "call"), ("saas_v1", "refresh")])
def test_after_the_end_paid_time_begins_when_it_is_paid_for(spoken: str, thawed_by: str) -> None:
    """operations.md §6: contiguous except after an ended trial; business-rules §4.4: frozen at its end, thawed when paid."""
    held, later = on_trial(spoken), TRIAL_END + 3 * DAY
    passes(TRIAL_END)
    done(open_call(), now=TRIAL_END)
    assert (again(held).status, told("trial_expired")) == ("frozen", 1)
    order = ordered_formal(held, now=later - timedelta(hours=5))
    pay_order(order, now=later)
    react(now=later)
    passes(TRIAL_RELEASE)
    assert open_call().kind == "Refresh", "it is becoming formal: nothing is released meanwhile"
    until = datetime(2026, 4, 19, 8, 0, tzinfo=UTC)
    asked = command(open_call())
    assert isinstance(asked, Refresh)
    assert asked.expires_at == until
    done(open_call(), now=later)
    found = again(held)
    assert (found.status, found.expires_at, found.release_at) == ("active", until, None)
    assert periods(held) == [("trial", NOW, TRIAL_END, 0), ("base", later, until, 10_000)]
    if thawed_by == "call":
        assert command(open_call()) == SetStatus(instance_id=held.instance_id, status=InstanceStatus.UNFREEZE)
        done(open_call(), now=later)
    assert again(held).seller_state == "active"
    assert ledger.held_for(order.number) == 0, "its time has begun"
    assert not Call.objects.filter(kind="Release").exists()


def test_renewed_by_the_month_it_keeps_the_day_on_which_it_became_formal() -> None:
    """business-rules §4.4, decision 0022: the 31st comes back after February, whatever day the trial began on."""
    tried = datetime(2026, 1, 16, 8, 0, tzinfo=UTC)
    held = on_trial(now=tried)
    converted(held, now=tried + DAY)
    done(open_call(), now=tried + DAY)
    found = again(held)
    assert (found.started_at, found.formal_at) == (tried, tried + 15 * DAY)
    assert found.expires_at == datetime(2026, 2, 28, 8, 0, tzinfo=UTC)
    renewed(held, now=tried + 2 * DAY)
    done(open_call(), now=tried + 2 * DAY)
    assert again(held).expires_at == datetime(2026, 3, 31, 8, 0, tzinfo=UTC)
    Subscription.objects.update(formal_at=None)
    untried = bought(make_order(paid=True, now=tried), now=tried)
    import_module("tradepost.market.subscriptions.migrations.0009_formal_at").of_periods(apps, None)
    assert again(held).formal_at == tried + 15 * DAY, "as of what became formal before this was kept"
    assert again(untried).formal_at is None


def test_it_is_reminded_of_its_end_by_the_page_that_makes_it_formal() -> None:
    held = on_trial()
    passes(TRIAL_END - timedelta(seconds=1))
    links = Notice.objects.filter(kind="trial_ends_soon").values_list("link", flat=True)
    assert list(links) == [f"/services/{held.pk}/formal/"] * 2, "seven days before, and one"


# --- when the seller does not ------------------------------------------------------------------------------------------


def test_what_the_seller_does_not_take_stops_and_is_restarted_for_the_very_same_time() -> None:
    """saas-v2 §3.10: stops; manual restart. operations.md §8: an end is never computed again."""
    held = on_trial()
    order = converted(held, now=NOW + DAY)
    failed(open_call(), now=NOW + DAY)
    assert (order_status(order), ledger.held_for(order.number), told("conversion_waits")) == ("processing", 10_000, 1)
    restart(Operation.objects.get(line__order=order), actor="seller", now=TRIAL_END - DAY)
    done(open_call(), now=TRIAL_END - DAY)
    assert again(held).expires_at == FORMAL_END


def test_an_operator_pays_back_and_the_trial_goes_on() -> None:
    """business-rules §4.7."""
    held = on_trial()
    before = ledger.buyer_account(held.buyer, "CNY").balance
    order = converted(held)
    failed(open_call())
    pay_back(order, reason="agreed by telephone", actor="operator", now=NOW)
    react(now=NOW)
    assert (order_status(order), ledger.buyer_account(held.buyer, "CNY").balance) == ("refunded", before)
    assert told("conversion_refunded") == 1
    found = again(held)
    assert (found.status, found.expires_at, found.offer.trial) == ("active", TRIAL_END, True)
    assert TrialUse.objects.filter(buyer=held.buyer).exists(), "it was had, once"
    assert may_convert(found, now=NOW), "and may be tried again"


def test_what_waits_unpaid_ends_with_the_trial() -> None:
    held = on_trial()
    passes(TRIAL_END)
    done(open_call(), now=TRIAL_END)
    last = TRIAL_RELEASE
    order = ordered_formal(held, now=last - timedelta(hours=1))
    assert order.pay_before == last, "what is paid later would come too late"
    with pytest.raises(Refused, match=r"conversion\.too_late"):
        pay_order(order, now=last)
    assert ledger.held_for(order.number) == 0
    passes(last)
    assert order_status(order) == "cancelled"


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_what_is_no_trial_or_was_made_formal_is_renewed_instead() -> None:
    held = on_trial()
    converted(held)
    done(open_call())
    assert refused(held) == "conversion.no_trial"


def test_one_order_at_a_time() -> None:
    """business-rules §4.1."""
    held = on_trial()
    first = ordered_formal(held)
    assert refused(held) == "service.open_order"
    cancel_order(first, actor="buyer", now=NOW)
    pay_order(ordered_formal(held), now=NOW)
    assert refused(held) == "service.open_order"


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
def test_a_wrong_choice_is_refused(other: dict[str, object], code: str) -> None:
    assert refused(on_trial(), now=NOW, **other) == code


def test_only_paid_time_of_the_same_specification_can_be_had() -> None:
    """business-rules §3.5."""
    held, stranger = on_trial(), on_trial()
    assert refused(held, product_id=formal_offers(stranger)[0].product_id) == "service.other_spec"
    assert refused(held, product_id=held.offer.product_id) == "service.other_spec"


@pytest.mark.parametrize(
    ("status", "code"), [(Product.Status.STOPPED, "offer.unknown"), (Product.Status.FROZEN, "product.frozen")]
)
def test_what_is_not_sold_gets_no_new_payer(status: str, code: str) -> None:
    """business-rules §2.8, saas-v2 §6: a purchase in all but the instance."""
    held = on_trial()
    order = ordered_formal(held)
    Product.objects.filter(pk=held.product_id).update(status=status)
    with pytest.raises(Refused):
        pay_order(order, now=NOW)
    assert order_status(order) == "unpaid"
    cancel_order(order, actor="buyer", now=NOW)
    assert refused(held) == code


def test_sales_targets_and_limits_hold_as_in_a_purchase() -> None:
    """business-rules §3.5 (sales target), §3.7: once per user; a trial itself counts for nothing."""
    buyer = make_buyer(balance="10000")
    held = on_trial(buyer=buyer)
    month = formal_offers(held)[0]
    limit = PurchaseLimit.objects.create(product=held.product, maximum=1, until_expiry=True)
    assert used(limit, buyer.pk, now=NOW) == 0
    order = converted(held)
    assert used(limit, buyer.pk, now=TRIAL_END + DAY) == 1, "while it is under way, whatever the trial's end"
    done(open_call())
    assert used(limit, buyer.pk, now=NOW) == 1
    with pytest.raises(Refused, match=r"order\.limit"):
        make_order(buyer, offer=Offer.objects.select_related("sku__spec__product__seller").get(pk=month.pk))
    assert order_status(order) == "completed"

    other = trial_of(held.product, make_buyer(balance="10000"))
    SalesTarget.objects.create(product=held.product, audience=SalesTarget.Audience.COMPANIES)
    User.objects.filter(pk=other.buyer_id).update(customer_type="person")
    other.buyer.refresh_from_db()
    assert refused(other) == "order.not_for_you"


def test_a_purchase_uses_up_the_limit_of_a_conversion() -> None:
    """business-rules §3.7."""
    buyer = make_buyer(balance="10000")
    held = on_trial(buyer=buyer)
    PurchaseLimit.objects.create(product=held.product, maximum=1)
    month = Offer.objects.select_related("sku__spec__product__seller").get(pk=formal_offers(held)[0].pk)
    bought = make_order(buyer, offer=month)
    assert refused(held) == "order.limit"
    cancel_order(bought, actor="buyer", now=NOW)
    ordered_formal(held)


def test_what_was_frozen_by_hand_waits_for_the_lift() -> None:
    """operations.md §7: operator-frozen: no renewal, time runs."""
    held = on_trial()
    add_reason([again(held)], Freeze.Reason.OPERATOR, actor="operator", now=NOW)
    assert refused(held) == "conversion.frozen"


def test_a_protocol_without_the_word_is_refused_beforehand() -> None:
    """saas-v1-license B1: why an expiry moves License 1.0 does not say."""
    held = on_trial()
    address = held.product.binding.address
    address.protocol = "license_v1"
    address.save()
    assert refused(held) == "conversion.no_word"
    assert not may_convert(again(held), now=NOW)


def test_nobody_makes_another_s_trial_formal() -> None:
    held = on_trial()
    with pytest.raises(Subscription.DoesNotExist):
        convert(held, make_buyer(), choice(held), now=NOW, unpaid_timeout=DAY)
    assert not Order.objects.filter(order_type="TRIAL_TO_FORMAL").exists()
