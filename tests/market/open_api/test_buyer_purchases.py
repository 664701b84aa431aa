"""Buyers' programs create, pay, renew, cancel and unsubscribe by the rules of the pages (business-rules §11.3; decision 0088)."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests import factories
from tests.factories import NOW
from tests.factories.joint import make_application
from tests.factories.metering import ZONE, make_metered
from tests.factories.products import ON_DEMAND
from tests.market.invoices.usage import HOUR, use
from tests.market.open_api.asking import HOST
from tests.market.open_api.buyer_program import (
    ACCEPTED,
    Program,
    create_order,
    make_program,
    offer_on_sale,
    publish_agreement,
    refusal,
    service_of,
    young_service,
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


def test_order_is_created_paid_and_listed(program: Program) -> None:
    """§11.3: list and detail orders, pay."""
    order = create_order(program, period_num=1, expected_amount="100.00")
    assert (order["status"], order["order_type"], order["order_amount"], order["currency"]) == (1, 1, "100.00", "CNY")
    status, body = program.call("order/pay", idempotency_key="k2", order_id=order["order_id"], expected_amount="100")
    assert (status, body["result"]["status"]) == (200, 3)
    assert balance(program.buyer, "CNY") == Money.of("5200", "CNY")
    now = clock.now()
    since, until = (f"{now + timedelta(days=days):%Y-%m-%d %H:%M:%S}" for days in (-1, 1))
    status, body = program.call("query-orders", start_time=since, end_time=until, status=3)
    assert (body["result"]["total"], body["result"]["order_infos"][0]["order_id"]) == (1, order["order_id"])
    assert program.call("query-orders", start_time=since, end_time=until, status=1)[1]["result"]["total"] == 0
    [detail] = program.call("order-detail/query", orderids=[order["order_id"]])[1]["result"]["order_info_list"]
    assert detail["allowed_operation"] == {"pay": False, "cancel": False}
    assert detail["aggregate_resource_infos"][0]["amount"] == "100.00"


@pytest.mark.parametrize("payment", ["usage", "renewal"])
def test_orders_with_later_payments_need_the_pay_permission(payment: str) -> None:
    """Decision 0088: a program without ``pay`` leaves every payment to a person, including payments that need no further call."""
    buyer = factories.make_buyer()
    offer = offer_on_sale(ON_DEMAND) if payment == "usage" else offer_on_sale()
    order: dict[str, Any] = {"idempotency_key": "k", "product_id": offer.product_id, "accepted_agreements": ACCEPTED}
    if payment == "renewal":
        order["auto_renew"] = True
    limited = make_program(buyer=buyer, rights=["read", "order"], name="limited")
    assert refusal(limited, "order/batch-order", **order)[:2] == (403, "CBC.0150")
    full = make_program(buyer=buyer, rights=["order", "pay"], name="full")
    assert full.code("order/batch-order", **order)[0] == 200


def test_repeated_call_creates_no_second_order(program: Program) -> None:
    """The first response is returned again, also for another spelling of the same body; another body is refused."""
    product = offer_on_sale().product_id
    first = create_order(program, product_id=product)
    assert create_order(program, product_id=product) == first
    assert Order.objects.count() == 1
    result = refusal(
        program, "order/batch-order", idempotency_key="k1", product_id=product, quantity=1, accepted_agreements=ACCEPTED
    )
    assert result[:2] == (409, "CBC.0162")
    pay: dict[str, Any] = {"idempotency_key": "k2", "order_id": first["order_id"]}
    assert program.call("order/pay", **pay) == program.call("order/pay", **pay)
    assert balance(program.buyer, "CNY") == Money.of("5200", "CNY")
    assert refusal(program, "order/pay", idempotency_key="k1", order_id=first["order_id"])[1] == "CBC.0162"


def test_undeclared_members_are_part_of_the_request_only(program: Program) -> None:
    """schemathesis, 2026-11-30: a decimal number in an unknown member caused an internal error (500)."""
    product = offer_on_sale().product_id
    first = create_order(program, product_id=product, more=[1.5, {"x": None}])
    assert create_order(program, product_id=product, more=[1.5, {"x": None}]) == first
    arguments = {"idempotency_key": "k1", "product_id": product, "accepted_agreements": ACCEPTED}
    assert refusal(program, "order/batch-order", **arguments)[1] == "CBC.0162"
    deep: Any = []
    for _ in range(900):
        deep = [deep]
    assert refusal(program, "order/batch-order", **arguments, more=deep)[:2] == (400, "CBC.0101")


def test_idempotency_keys_belong_to_one_account(program: Program) -> None:
    other = make_program(email="other@buyer.example")
    product = offer_on_sale().product_id
    assert create_order(program, product_id=product)["order_id"] != create_order(other, product_id=product)["order_id"]


def test_refusal_is_not_stored(program: Program) -> None:
    """A call refused for insufficient balance succeeds unchanged after a top-up."""
    poor = make_program(balance="0", email="poor@buyer.example")
    order = create_order(poor)
    pay: dict[str, Any] = {"idempotency_key": "k2", "order_id": order["order_id"]}
    status, code, reason = refusal(poor, "order/pay", **pay)
    assert (status, code, reason) == (409, "CBC.0161", "balance.too_low")
    ledger.top_up(poor.buyer, Money.of("100", "CNY"), reference="b1", actor="operator", now=clock.now())
    assert poor.call("order/pay", **pay)[0] == 200


@pytest.mark.parametrize(
    ("changes", "expected"),
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
def test_choices_that_checkout_refuses_are_refused(
    program: Program, changes: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    arguments = {
        "idempotency_key": "k",
        "product_id": offer_on_sale().product_id,
        "accepted_agreements": ACCEPTED,
        **changes,
    }
    assert refusal(program, "order/batch-order", **arguments) == expected


def reference_of(agreement: dict[str, str]) -> dict[str, str]:
    return {name: agreement[name] for name in ("agreement_id", "version")}


def test_joint_product_needs_an_enterprise(program: Program) -> None:
    """joint.md: its users sign in with accounts of an enterprise; the page has the same rule."""
    application = make_application()
    application.product = factories.make_product(application.seller)
    application.save(update_fields=["product"])
    offer = factories.make_offer(application.product)
    arguments = {"idempotency_key": "k", "product_id": offer.product_id, "accepted_agreements": ACCEPTED}
    assert refusal(program, "order/batch-order", **arguments) == (409, "CBC.0161", "order.needs_enterprise")
    assert not Order.objects.exists()


def test_order_must_accept_the_agreements_in_force(program: Program) -> None:
    """§1.5: a buyer agrees to the version in force. An earlier version is not enough."""
    earlier, version = publish_agreement(), publish_agreement()
    assert earlier != version
    [agreement] = program.call("subscription-agreements-query")[1]["result"]["agreements"]
    assert (agreement["agreement_id"], agreement["version"]) == ("buyer", version)
    order: dict[str, Any] = {"idempotency_key": "k", "product_id": offer_on_sale().product_id}
    for accepted in (
        [],
        [{"agreement_id": "buyer", "version": earlier}],
        [{"agreement_id": "seller", "version": version}],
    ):
        result = refusal(program, "order/batch-order", **order, accepted_agreements=accepted)
        assert result == (400, "CBC.0101", "order.agreement")
    assert (
        refusal(program, "order/batch-order", **order, accepted_agreements=[reference_of(agreement)])[2]
        == "order.agreement"
    )
    answer = program.call("subscription-agreements-query", product_id=order["product_id"])[1]
    required = answer["result"]["agreements"]
    assert [reference_of(item) for item in required] == [
        reference_of(agreement),
        {"agreement_id": "service", "version": "1"},
    ]
    accepted = [reference_of(item) for item in required]
    assert program.call("order/batch-order", **order, accepted_agreements=accepted)[0] == 200


def test_product_for_another_audience_cannot_be_ordered(program: Program) -> None:
    """§3.7: sales target."""
    offer = offer_on_sale()
    product = offer.sku.spec.product
    SalesTarget.objects.create(product=product, audience=SalesTarget.Audience.LISTED)
    order: dict[str, Any] = {"idempotency_key": "k", "product_id": offer.product_id, "accepted_agreements": ACCEPTED}
    assert refusal(program, "order/batch-order", **order) == (403, "CBC.0150", "order.not_for_you")
    SalesTarget.objects.all().delete()
    Product.objects.filter(pk=product.pk).update(status=Product.Status.FROZEN)
    assert refusal(program, "order/batch-order", **order) == (409, "CBC.0161", "product.frozen")


def test_unpaid_orders_are_cancelled_all_or_none(program: Program) -> None:
    first, second, paid = (create_order(program, key)["order_id"] for key in ("a", "b", "c"))
    program.call("order/pay", idempotency_key="p", order_id=paid)
    assert refusal(program, "order/batch-cancel", order_ids=[first, paid]) == (409, "CBC.0161", "order.not_allowed")
    assert refusal(program, "order/batch-cancel", order_ids=[first, "CS0"])[:2] == (404, "CBC.0160")
    assert program.call("order/batch-cancel", order_ids=[first, second, first])[0] == 200
    assert set(Order.objects.filter(number__in=[first, second]).values_list("status", flat=True)) == {"cancelled"}


def test_service_is_renewed_with_an_option_of_its_details(program: Program) -> None:
    """§4.5, §11.3: renew."""
    subscription = service_of(program.buyer)
    details = program.call("service-detail/query", service_id=str(subscription.pk))[1]["result"]
    assert (details["service"]["status"], details["service"]["order_id"]) == (
        "active",
        subscription.order_line_number[:-7],
    )
    option = details["renewal_options"][0]
    chosen = {name: option[name] for name in ("product_id", "period_num", "align_day")}
    arguments = {"idempotency_key": "r", "service_id": str(subscription.pk), **chosen, "accepted_agreements": ACCEPTED}
    assert refusal(program, "service/renew", **arguments, expected_amount="1")[2] == "order.price_changed"
    first = program.call("service/renew", **arguments, expected_amount=option["amount"])
    assert (first[0], first[1]["result"]["order_type"], first[1]["result"]["order_amount"]) == (
        200,
        2,
        option["amount"],
    )
    assert program.call("service/renew", **arguments, expected_amount=option["amount"]) == first
    other = {**arguments, "idempotency_key": "r2"}
    assert refusal(program, "service/renew", **other) == (409, "CBC.0161", "renewal.open")
    paid = program.call("order/pay", idempotency_key="p", order_id=first[1]["result"]["order_id"])
    assert paid[1]["result"]["status"] == 3


def unsubscribe_options(program: Program, subscription: Subscription) -> list[dict[str, str]]:
    details: dict[str, Any] = program.call("service-detail/query", service_id=str(subscription.pk))[1]["result"]
    options: list[dict[str, str]] = details["unsubscribe_options"]
    return options


def test_pay_per_use_service_is_ended_without_a_refund(program: Program) -> None:
    """business-rules §4.7: every option of the details can be chosen; the end refunds nothing and happens once."""
    subscription = make_metered(buyer=program.buyer)
    before = balance(program.buyer, "CNY")
    [option] = unsubscribe_options(program, subscription)
    assert (option["way"], Decimal(option["refund_amount"]), option.get("last_charge")) == ("end", Decimal(0), None)
    use(subscription, 2, at=NOW, now=NOW + 2 * HOUR)
    [option] = unsubscribe_options(program, subscription)
    last = last_charge(subscription, zone=ZONE, now=clock.now())
    assert last is not None
    assert (option["last_charge"], option["last_charge_time"]) == (f"{last.amount.major:f}", dump_time(last.charged_at))
    assert last.amount.minor > 0
    arguments: dict[str, Any] = {"idempotency_key": "e", "service_id": str(subscription.pk), "way": "end"}
    first = program.call("service/unsubscribe", **arguments, refund_amount=option["refund_amount"])
    assert (first[0], first[1]["result"]["way"]) == (200, "end")
    assert program.call("service/unsubscribe", **arguments, refund_amount=option["refund_amount"]) == first
    subscription.refresh_from_db()
    assert (subscription.status, balance(program.buyer, "CNY")) == ("releasing", before)


def test_service_is_unsubscribed_for_the_listed_amount() -> None:
    """§4.7: within the first days, without a reason; an amount that was not listed is refused."""
    program, subscription = young_service()
    [option] = unsubscribe_options(program, subscription)
    assert option["way"] == "no_reason"
    arguments: dict[str, Any] = {"idempotency_key": "u", "service_id": str(subscription.pk), "way": "no_reason"}
    assert refusal(program, "service/unsubscribe", **arguments, refund_amount="0.01")[2] == "unsubscribe.moved"
    before = balance(program.buyer, "CNY")
    first = program.call("service/unsubscribe", **arguments, refund_amount=option["refund_amount"])
    assert (first[0], first[1]["result"]["refund_amount"]) == (200, option["refund_amount"])
    assert program.call("service/unsubscribe", **arguments, refund_amount=option["refund_amount"]) == first
    assert balance(program.buyer, "CNY") - before == Money.of(option["refund_amount"], "CNY")
    assert unsubscribe_options(program, subscription) == []
    [order] = program.call("order-detail/query", orderids=[first[1]["result"]["order_id"]])[1]["result"][
        "order_info_list"
    ]
    assert order["order_common_info"]["order_type"] == 4
    assert order["relation_order_info"]["base_order_id"] == subscription.order_line_number.rpartition("-")[0]
    assert order["order_payment_info"]["refund_amount"] == option["refund_amount"]


def test_invoice_must_be_returned_before_a_refund() -> None:
    """§4.7, §6.2: invoiced amounts are not refunded."""
    program, subscription = young_service()
    [option] = unsubscribe_options(program, subscription)
    OrderLine.objects.filter(number=subscription.order_line_number).update(invoiced_minor=100)
    assert unsubscribe_options(program, subscription) == []
    arguments: dict[str, Any] = {"idempotency_key": "u", "service_id": str(subscription.pk), **option}
    arguments.pop("currency")
    assert refusal(program, "service/unsubscribe", **arguments)[:2] == (409, "CBC.0161")


def test_objects_of_another_buyer_are_not_found(program: Program) -> None:
    """Every action on another buyer's order or service gets 404."""
    other = make_program(email="other@buyer.example")
    order, subscription = create_order(other)["order_id"], service_of(other.buyer)
    instance = {"order_id": subscription.order_line_number[:-7], "instance_id": subscription.instance_id}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("order/pay", {"idempotency_key": "k", "order_id": order}),
        ("order/batch-cancel", {"order_ids": [order]}),
        ("service-detail/query", {"service_id": str(subscription.pk)}),
        ("saas-instance/query", {**instance, "buyer_domain_id": program.buyer.customer_id}),
        ("saas-instance/query", {**instance, "buyer_domain_id": other.buyer.customer_id}),
        (
            "service/renew",
            {
                "idempotency_key": "k",
                "service_id": str(subscription.pk),
                "product_id": subscription.offer.product_id,
                "period_num": 1,
                "accepted_agreements": ACCEPTED,
            },
        ),
        (
            "service/unsubscribe",
            {"idempotency_key": "k", "service_id": str(subscription.pk), "way": "no_reason", "refund_amount": "100"},
        ),
    ]
    for path, arguments in calls:
        assert refusal(program, path, **arguments)[:2] == (404, "CBC.0160"), path
    assert program.call("order-detail/query", orderids=[order])[1]["result"]["order_info_list"] == []
    assert program.call("service/query")[1]["result"]["total"] == 0


REQUIRED_RIGHTS: dict[str, tuple[str, dict[str, Any]]] = {
    "query-orders": ("read", {"start_time": "2026-01-01 00:00:00", "end_time": "2026-02-01 00:00:00"}),
    "order-detail/query": ("read", {"orderids": ["CS1"]}),
    "subscription-agreements-query": ("read", {}),
    "service/query": ("read", {}),
    "service-detail/query": ("read", {"service_id": "1"}),
    "saas-instance/query": ("access", {"order_id": "CS1", "instance_id": "i", "buyer_domain_id": "d"}),
    "order/batch-order": (
        "order",
        {"idempotency_key": "k", "product_id": "OFFI0", "accepted_agreements": ACCEPTED},
    ),
    "order/batch-cancel": ("order", {"order_ids": ["CS1"]}),
    "service/renew": (
        "order",
        {
            "idempotency_key": "k",
            "service_id": "1",
            "product_id": "p",
            "period_num": 1,
            "accepted_agreements": ACCEPTED,
        },
    ),
    "order/pay": ("pay", {"idempotency_key": "k", "order_id": "CS1"}),
    "service/unsubscribe": (
        "unsubscribe",
        {"idempotency_key": "k", "service_id": "1", "way": "no_reason", "refund_amount": "1"},
    ),
}


@pytest.mark.parametrize("path", REQUIRED_RIGHTS)
def test_each_call_needs_its_own_permission(path: str) -> None:
    right, arguments = REQUIRED_RIGHTS[path]
    buyer = factories.make_buyer(balance="0")
    without = make_program(buyer=buyer, rights=[other for other in Right.values if other != right], name="without")
    assert refusal(without, path, **arguments)[:2] == (403, "CBC.0150")
    alone = make_program(buyer=buyer, rights=[right], name="alone")
    assert alone.code(path, **arguments)[1] in {"CBC.0000", "CBC.0160"}


def test_sign_in_data_is_returned_while_the_service_is_active(program: Program) -> None:
    """openapi-jointkit §C.12: ShowSaasInstance."""
    subscription = service_of(program.buyer)
    order = Order.objects.get(number=subscription.order_line_number.rpartition("-")[0])
    detail = program.call("order-detail/query", orderids=[order.number])[1]["result"]["order_info_list"][0]
    [resource] = detail["aggregate_resource_infos"]
    arguments = {
        "order_id": order.number,
        "instance_id": resource["instance_id"],
        "buyer_domain_id": detail["order_common_info"]["buyer_domain_id"],
    }
    status, body = program.call("saas-instance/query", **arguments)
    assert status == 200
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", body["confirmed_time"])
    program.call("saas-instance/query", **arguments)
    [call] = Call.objects.filter(
        purpose=Call.Purpose.ACCESS
    )  # the seller is asked at most once a minute (saas-v2 §3.2)
    assert (call.subscription, call.activity) == (subscription, "queryInstance")
    Subscription.objects.filter(pk=subscription.pk).update(status="frozen")
    assert refusal(program, "saas-instance/query", **arguments)[2] == "service.not_active"
