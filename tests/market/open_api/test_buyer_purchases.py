"""Buyers' programs create, pay, renew, cancel and unsubscribe by the rules of the pages (business-rules §11.3; decision 0088)."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests import factories
from tests.factories import NOW
from tests.factories.metering import ZONE, make_metered
from tests.factories.products import ON_DEMAND
from tests.market.invoices.usage import HOUR, use
from tests.market.open_api.asking import HOST
from tests.market.open_api.buyer_program import (
    AGREED,
    Program,
    created,
    make_program,
    offer_on_sale,
    publish_agreement,
    refused,
    service_of,
    young,
)
from tradepost.market.base import clock
from tradepost.market.base.money import Money
from tradepost.market.billing.last_charge import last_charge
from tradepost.market.catalog.models import Product, SalesTarget
from tradepost.market.identity.buyer_key_models import Right
from tradepost.market.open_api.buyer_orders import dump_time
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.payments import ledger
from tradepost.market.payments.queries import balance
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def host(settings: Any) -> None:
    settings.ALLOWED_HOSTS = [HOST]


@pytest.fixture
def program() -> Program:
    return make_program()


def test_an_order_is_created_paid_and_listed(program: Program) -> None:
    """§11.3: list and detail orders, pay."""
    order = created(program, period_num=1, expected_amount="100.00")
    assert (order["status"], order["order_type"], order["order_amount"], order["currency"]) == (1, 1, "100.00", "CNY")
    status, told = program.call("order/pay", idempotency_key="k2", order_id=order["order_id"], expected_amount="100")
    assert (status, told["result"]["status"]) == (200, 3)
    assert balance(program.buyer, "CNY") == Money.of("5200", "CNY")
    now = clock.now()
    since, until = (f"{now + timedelta(days=days):%Y-%m-%d %H:%M:%S}" for days in (-1, 1))
    status, told = program.call("query-orders", start_time=since, end_time=until, status=3)
    assert (told["result"]["total"], told["result"]["order_infos"][0]["order_id"]) == (1, order["order_id"])
    assert program.call("query-orders", start_time=since, end_time=until, status=1)[1]["result"]["total"] == 0
    [detail] = program.call("order-detail/query", orderids=[order["order_id"]])[1]["result"]["order_info_list"]
    assert detail["allowed_operation"] == {"pay": False, "cancel": False}
    assert detail["aggregate_resource_infos"][0]["amount"] == "100.00"


@pytest.mark.parametrize("later", ["usage", "renewal"])
def test_what_is_paid_later_needs_the_permission_to_pay(later: str) -> None:
    """Decision 0088: a program without ``pay`` leaves every payment to a person, also those without another call."""
    buyer = factories.make_buyer()
    offer = offer_on_sale(ON_DEMAND) if later == "usage" else offer_on_sale()
    order: dict[str, Any] = {"idempotency_key": "k", "product_id": offer.product_id, "accepted_agreements": AGREED}
    if later == "renewal":
        order["auto_renew"] = True
    limited = make_program(buyer=buyer, rights=["read", "order"], name="limited")
    assert refused(limited, "order/batch-order", **order)[:2] == (403, "CBC.0150")
    full = make_program(buyer=buyer, rights=["order", "pay"], name="full")
    assert full.code("order/batch-order", **order)[0] == 200


def test_a_repeated_call_buys_nothing_again(program: Program) -> None:
    """The first answer is given again, also for another spelling of the same body; another body is refused."""
    product = offer_on_sale().product_id
    first = created(program, product_id=product)
    assert created(program, product_id=product) == first
    assert Order.objects.count() == 1
    told = refused(
        program, "order/batch-order", idempotency_key="k1", product_id=product, quantity=1, accepted_agreements=AGREED
    )
    assert told[:2] == (409, "CBC.0162")
    pay: dict[str, Any] = {"idempotency_key": "k2", "order_id": first["order_id"]}
    assert program.call("order/pay", **pay) == program.call("order/pay", **pay)
    assert balance(program.buyer, "CNY") == Money.of("5200", "CNY")
    assert refused(program, "order/pay", idempotency_key="k1", order_id=first["order_id"])[1] == "CBC.0162"


def test_members_that_are_not_declared_change_nothing_but_the_request(program: Program) -> None:
    """schemathesis, 2026-11-30: a number with decimals in an unknown member was a failure of the market (500)."""
    product = offer_on_sale().product_id
    first = created(program, product_id=product, more=[1.5, {"x": None}])
    assert created(program, product_id=product, more=[1.5, {"x": None}]) == first
    asked = {"idempotency_key": "k1", "product_id": product, "accepted_agreements": AGREED}
    assert refused(program, "order/batch-order", **asked)[1] == "CBC.0162"
    deep: Any = []
    for _ in range(900):
        deep = [deep]
    assert refused(program, "order/batch-order", **asked, more=deep)[:2] == (400, "CBC.0101")


def test_keys_belong_to_one_account(program: Program) -> None:
    other = make_program(email="other@buyer.example")
    product = offer_on_sale().product_id
    assert created(program, product_id=product)["order_id"] != created(other, product_id=product)["order_id"]


def test_a_refusal_is_not_kept(program: Program) -> None:
    """A call that was refused for a lack of money succeeds unchanged once there is some."""
    poor = make_program(balance="0", email="poor@buyer.example")
    order = created(poor)
    pay: dict[str, Any] = {"idempotency_key": "k2", "order_id": order["order_id"]}
    status, code, reason = refused(poor, "order/pay", **pay)
    assert (status, code, reason) == (409, "CBC.0161", "balance.too_low")
    ledger.top_up(poor.buyer, Money.of("100", "CNY"), reference="b1", actor="operator", now=clock.now())
    assert poor.call("order/pay", **pay)[0] == 200


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"product_id": "OFFI0"}, (404, "CBC.0160", "offer.unknown")),
        ({"quantity": 7}, (400, "CBC.0101", "order.quantity")),
        ({"period_num": 99}, (400, "CBC.0101", "order.periods")),
        ({"expected_amount": "99.99"}, (409, "CBC.0161", "order.price_changed")),
        ({"expected_amount": "100.001"}, (409, "CBC.0161", "order.price_changed")),
        ({"extend_params": [{"name": "x", "value": "y"}]}, (400, "CBC.0101", "order.param_unknown")),
        ({"idempotency_key": ""}, (400, "CBC.0101", "")),
        ({"idempotency_key": "a\0b"}, (400, "CBC.0101", "")),
        ({"idempotency_key": "\ud800"}, (400, "CBC.0101", "")),
        ({"expected_amount": "NaN"}, (400, "CBC.0101", "")),
        ({"auto_renew": 1}, (400, "CBC.0101", "")),
    ],
)
def test_what_checkout_refuses_is_refused_here(
    program: Program, given: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    asked = {"idempotency_key": "k", "product_id": offer_on_sale().product_id, "accepted_agreements": AGREED, **given}
    assert refused(program, "order/batch-order", **asked) == expected


def of(shown: dict[str, str]) -> dict[str, str]:
    return {name: shown[name] for name in ("agreement_id", "version")}


def test_an_order_accepts_the_agreements_in_force(program: Program) -> None:
    """§1.5: a buyer agrees to the version in force. An earlier version is not enough."""
    earlier, version = publish_agreement(), publish_agreement()
    assert earlier != version
    [shown] = program.call("subscription-agreements-query")[1]["result"]["agreements"]
    assert (shown["agreement_id"], shown["version"]) == ("buyer", version)
    order: dict[str, Any] = {"idempotency_key": "k", "product_id": offer_on_sale().product_id}
    for accepted in (
        [],
        [{"agreement_id": "buyer", "version": earlier}],
        [{"agreement_id": "seller", "version": version}],
    ):
        told = refused(program, "order/batch-order", **order, accepted_agreements=accepted)
        assert told == (400, "CBC.0101", "order.agreement")
    assert refused(program, "order/batch-order", **order, accepted_agreements=[of(shown)])[2] == "order.agreement"
    answer = program.call("subscription-agreements-query", product_id=order["product_id"])[1]
    both = answer["result"]["agreements"]
    assert [of(one) for one in both] == [of(shown), {"agreement_id": "service", "version": "1"}]
    accepted = [of(one) for one in both]
    assert program.call("order/batch-order", **order, accepted_agreements=accepted)[0] == 200


def test_a_product_for_others_is_not_sold(program: Program) -> None:
    """§3.7: sales target."""
    offer = offer_on_sale()
    product = offer.sku.spec.product
    SalesTarget.objects.create(product=product, audience=SalesTarget.Audience.LISTED)
    order: dict[str, Any] = {"idempotency_key": "k", "product_id": offer.product_id, "accepted_agreements": AGREED}
    assert refused(program, "order/batch-order", **order) == (403, "CBC.0150", "order.not_for_you")
    SalesTarget.objects.all().delete()
    Product.objects.filter(pk=product.pk).update(status=Product.Status.FROZEN)
    assert refused(program, "order/batch-order", **order) == (409, "CBC.0161", "product.frozen")


def test_unpaid_orders_are_cancelled_together_or_not_at_all(program: Program) -> None:
    one, two, paid = (created(program, key)["order_id"] for key in ("a", "b", "c"))
    program.call("order/pay", idempotency_key="p", order_id=paid)
    assert refused(program, "order/batch-cancel", order_ids=[one, paid]) == (409, "CBC.0161", "order.not_allowed")
    assert refused(program, "order/batch-cancel", order_ids=[one, "CS0"])[:2] == (404, "CBC.0160")
    assert program.call("order/batch-cancel", order_ids=[one, two, one])[0] == 200
    assert set(Order.objects.filter(number__in=[one, two]).values_list("status", flat=True)) == {"cancelled"}


def test_a_service_is_renewed_by_an_option_of_its_details(program: Program) -> None:
    """§4.5, §11.3: renew."""
    held = service_of(program.buyer)
    shown = program.call("service-detail/query", service_id=str(held.pk))[1]["result"]
    assert (shown["service"]["status"], shown["service"]["order_id"]) == ("active", held.order_line_number[:-7])
    option = shown["renewal_options"][0]
    chosen = {name: option[name] for name in ("product_id", "period_num", "align_day")}
    asked = {"idempotency_key": "r", "service_id": str(held.pk), **chosen, "accepted_agreements": AGREED}
    assert refused(program, "service/renew", **asked, expected_amount="1")[2] == "order.price_changed"
    first = program.call("service/renew", **asked, expected_amount=option["amount"])
    assert (first[0], first[1]["result"]["order_type"], first[1]["result"]["order_amount"]) == (
        200,
        2,
        option["amount"],
    )
    assert program.call("service/renew", **asked, expected_amount=option["amount"]) == first
    other = {**asked, "idempotency_key": "r2"}
    assert refused(program, "service/renew", **other) == (409, "CBC.0161", "renewal.open")
    paid = program.call("order/pay", idempotency_key="p", order_id=first[1]["result"]["order_id"])
    assert paid[1]["result"]["status"] == 3


def options(program: Program, held: Subscription) -> list[dict[str, str]]:
    found: list[dict[str, str]] = program.call("service-detail/query", service_id=str(held.pk))[1]["result"][
        "unsubscribe_options"
    ]
    return found


def test_a_pay_per_use_service_is_ended_for_nothing(program: Program) -> None:
    """business-rules §4.7: every option of the details can be chosen; the end pays nothing back and happens once."""
    held = make_metered(buyer=program.buyer)
    before = balance(program.buyer, "CNY")
    [option] = options(program, held)
    assert (option["way"], Decimal(option["refund_amount"]), option.get("last_charge")) == ("end", Decimal(0), None)
    use(held, 2, at=NOW, now=NOW + 2 * HOUR)
    [option] = options(program, held)
    last = last_charge(held, zone=ZONE, now=clock.now())
    assert last is not None
    assert (option["last_charge"], option["last_charge_time"]) == (f"{last.amount.major:f}", dump_time(last.charged_at))
    assert last.amount.minor > 0
    asked: dict[str, Any] = {"idempotency_key": "e", "service_id": str(held.pk), "way": "end"}
    first = program.call("service/unsubscribe", **asked, refund_amount=option["refund_amount"])
    assert (first[0], first[1]["result"]["way"]) == (200, "end")
    assert program.call("service/unsubscribe", **asked, refund_amount=option["refund_amount"]) == first
    held.refresh_from_db()
    assert (held.status, balance(program.buyer, "CNY")) == ("releasing", before)


def test_a_service_is_unsubscribed_for_the_shown_amount() -> None:
    """§4.7: within the first days, without a reason; an amount that was not shown is not paid back."""
    program, held = young()
    [option] = options(program, held)
    assert option["way"] == "no_reason"
    asked: dict[str, Any] = {"idempotency_key": "u", "service_id": str(held.pk), "way": "no_reason"}
    assert refused(program, "service/unsubscribe", **asked, refund_amount="0.01")[2] == "unsubscribe.moved"
    before = balance(program.buyer, "CNY")
    first = program.call("service/unsubscribe", **asked, refund_amount=option["refund_amount"])
    assert (first[0], first[1]["result"]["refund_amount"]) == (200, option["refund_amount"])
    assert program.call("service/unsubscribe", **asked, refund_amount=option["refund_amount"]) == first
    assert balance(program.buyer, "CNY") - before == Money.of(option["refund_amount"], "CNY")
    assert options(program, held) == []
    [told] = program.call("order-detail/query", orderids=[first[1]["result"]["order_id"]])[1]["result"][
        "order_info_list"
    ]
    assert told["order_common_info"]["order_type"] == 4
    assert told["relation_order_info"]["base_order_id"] == held.order_line_number.rpartition("-")[0]
    assert told["order_payment_info"]["refund_amount"] == option["refund_amount"]


def test_an_invoice_is_returned_before_a_refund() -> None:
    """§4.7, §6.2: what stands on an invoice is not paid back."""
    program, held = young()
    [option] = options(program, held)
    OrderLine.objects.filter(number=held.order_line_number).update(invoiced_minor=100)
    assert options(program, held) == []
    asked: dict[str, Any] = {"idempotency_key": "u", "service_id": str(held.pk), **option}
    asked.pop("currency")
    assert refused(program, "service/unsubscribe", **asked)[:2] == (409, "CBC.0161")


def test_what_is_another_buyers_does_not_exist(program: Program) -> None:
    """Right × act × object: another buyer's order or service is 404."""
    other = make_program(email="other@buyer.example")
    order, held = created(other)["order_id"], service_of(other.buyer)
    instance = {"order_id": held.order_line_number[:-7], "instance_id": held.instance_id}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("order/pay", {"idempotency_key": "k", "order_id": order}),
        ("order/batch-cancel", {"order_ids": [order]}),
        ("service-detail/query", {"service_id": str(held.pk)}),
        ("saas-instance/query", {**instance, "buyer_domain_id": program.buyer.customer_id}),
        ("saas-instance/query", {**instance, "buyer_domain_id": other.buyer.customer_id}),
        (
            "service/renew",
            {
                "idempotency_key": "k",
                "service_id": str(held.pk),
                "product_id": held.offer.product_id,
                "period_num": 1,
                "accepted_agreements": AGREED,
            },
        ),
        (
            "service/unsubscribe",
            {"idempotency_key": "k", "service_id": str(held.pk), "way": "no_reason", "refund_amount": "100"},
        ),
    ]
    for path, given in calls:
        assert refused(program, path, **given)[:2] == (404, "CBC.0160"), path
    assert program.call("order-detail/query", orderids=[order])[1]["result"]["order_info_list"] == []
    assert program.call("service/query")[1]["result"]["total"] == 0


NEEDED: dict[str, tuple[str, dict[str, Any]]] = {
    "query-orders": ("read", {"start_time": "2026-01-01 00:00:00", "end_time": "2026-02-01 00:00:00"}),
    "order-detail/query": ("read", {"orderids": ["CS1"]}),
    "subscription-agreements-query": ("read", {}),
    "service/query": ("read", {}),
    "service-detail/query": ("read", {"service_id": "1"}),
    "saas-instance/query": ("access", {"order_id": "CS1", "instance_id": "i", "buyer_domain_id": "d"}),
    "order/batch-order": ("order", {"idempotency_key": "k", "product_id": "OFFI0", "accepted_agreements": AGREED}),
    "order/batch-cancel": ("order", {"order_ids": ["CS1"]}),
    "service/renew": (
        "order",
        {"idempotency_key": "k", "service_id": "1", "product_id": "p", "period_num": 1, "accepted_agreements": AGREED},
    ),
    "order/pay": ("pay", {"idempotency_key": "k", "order_id": "CS1"}),
    "service/unsubscribe": (
        "unsubscribe",
        {"idempotency_key": "k", "service_id": "1", "way": "no_reason", "refund_amount": "1"},
    ),
}


@pytest.mark.parametrize("path", NEEDED)
def test_each_call_needs_its_own_permission(path: str) -> None:
    right, given = NEEDED[path]
    buyer = factories.make_buyer(balance="0")
    without = make_program(buyer=buyer, rights=[one for one in Right.values if one != right], name="without")
    assert refused(without, path, **given)[:2] == (403, "CBC.0150")
    alone = make_program(buyer=buyer, rights=[right], name="alone")
    assert alone.code(path, **given)[1] in {"CBC.0000", "CBC.0160"}


def test_sign_in_data_is_shown_while_the_service_is_in_use(program: Program) -> None:
    """openapi-jointkit §C.12: ShowSaasInstance."""
    held = service_of(program.buyer)
    order = Order.objects.get(number=held.order_line_number.rpartition("-")[0])
    detail = program.call("order-detail/query", orderids=[order.number])[1]["result"]["order_info_list"][0]
    [resource] = detail["aggregate_resource_infos"]
    asked = {
        "order_id": order.number,
        "instance_id": resource["instance_id"],
        "buyer_domain_id": detail["order_common_info"]["buyer_domain_id"],
    }
    status, shown = program.call("saas-instance/query", **asked)
    assert status == 200
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", shown["confirmed_time"])
    program.call("saas-instance/query", **asked)
    [call] = Call.objects.filter(
        purpose=Call.Purpose.ACCESS
    )  # the seller is asked at most once a minute (saas-v2 §3.2)
    assert (call.subscription, call.activity) == (held, "queryInstance")
    Subscription.objects.filter(pk=held.pk).update(status="frozen")
    assert refused(program, "saas-instance/query", **asked)[2] == "service.not_active"
