"""Bodies that the buyer APIs refuse: amounts, lists of orders, and the member that a refusal names."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator

from tests.factories.products import ONCE
from tests.market.open_api.asking import HOST
from tests.market.open_api.buyer_program import (
    ACCEPTED,
    V1,
    Program,
    create_order,
    make_program,
    offer_on_sale,
    refusal,
    service_of,
    stored_state,
)
from tradepost.market.base import clock
from tradepost.market.open_api.document import document

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def host(settings: Any) -> None:
    settings.ALLOWED_HOSTS = [HOST]


@pytest.fixture
def program() -> Program:
    return make_program()


@pytest.mark.parametrize("ids", ["", 0, {}, False, [], [""], "CS1"])
def test_empty_list_of_order_ids_is_refused(ids: Any, program: Program) -> None:
    """openapi-jointkit §C.12: an empty list does not return every order of the account."""
    create_order(program)
    since, until = (f"{clock.now() + timedelta(days=days):%Y-%m-%d %H:%M:%S}" for days in (-1, 1))
    arguments: dict[str, Any] = {"start_time": since, "end_time": until}
    assert refusal(program, "query-orders", **arguments, order_ids=ids)[:2] == (400, "CBC.0101")
    assert program.call("query-orders", **arguments, order_ids=None)[1]["result"]["total"] == 1


LONG_PARAMETER_NAME = "name" * 15
"""60 characters: longer than the document allows for ``field`` when the prefix of forms is added."""
INVALID_MEMBERS: dict[str, tuple[str, dict[str, Any], str]] = {
    "order.periods": ("order/batch-order", {"period_num": 99}, "period_num"),
    "order.quantity": ("order/batch-order", {"quantity": 7}, "quantity"),
    "order.param_missing": ("order/batch-order", {"extend_params": []}, "extend_params"),
    "order.not_renewable": ("order/batch-order", {"auto_renew": True}, "auto_renew"),
    "order.agreement": ("order/batch-order", {"accepted_agreements": []}, "accepted_agreements"),
    "offer.unknown": ("order/batch-order", {"product_id": "OFFI0"}, "product_id"),
    "order.price_changed": ("order/batch-order", {"expected_amount": "1"}, "expected_amount"),
    "renewal.other": ("service/renew", {}, "product_id"),
    "renewal.not_aligned": ("service/renew", {"align_day": 99}, "align_day"),
}
"""By reason: a call with one invalid member, and the ``field`` of its refusal."""


@pytest.mark.parametrize("reason", INVALID_MEMBERS)
def test_refusal_names_the_invalid_member(reason: str, program: Program) -> None:
    """business-rules §11.3. ``field`` is a name of the API's body, not of the form on a page."""
    path, change, field = INVALID_MEMBERS[reason]
    subscription = service_of(program.buyer)
    offers = {
        "order.param_missing": lambda: offer_on_sale(
            extend_params=[{"name": LONG_PARAMETER_NAME, "label": "x", "label_en": "x", "required": True}]
        ),
        "order.not_renewable": lambda: offer_on_sale(ONCE),
        "renewal.not_aligned": lambda: subscription.offer,
    }
    offer = offers.get(reason, offer_on_sale)()
    arguments: dict[str, Any] = {
        "idempotency_key": "k",
        "product_id": offer.product_id,
        "accepted_agreements": ACCEPTED,
    }
    if path == "service/renew":
        arguments |= {"service_id": str(subscription.pk), "period_num": 1}
    before = stored_state()
    body = program.call(path, **arguments | change)[1]
    assert (body["reason"], body["field"]) == (reason, field)
    assert stored_state() == before


INVALID_AMOUNTS = ["1E+999999", "1E+999990", "1E-999999", "1e2", " 1 ", " ", "-0", "-1", "+1", "1_0", "Infinity", "NaN", "１００", "1.23456",
           "1.", ".5", "1" * 16, "1\n"]  # fmt: skip
"""Texts that are not amounts: openapi-jointkit §C.12 writes plain digits. Some would parse as numbers of a million digits."""


def test_amount_must_be_plain_digits(program: Program) -> None:
    """business-rules §11.3. Every call with an amount refuses the same texts, and so does the document's schema."""
    subscription = service_of(program.buyer)
    order = create_order(program, key="first")["order_id"]
    accepted: dict[str, Any] = {"idempotency_key": "k", "accepted_agreements": ACCEPTED}
    service: dict[str, Any] = {"idempotency_key": "k", "service_id": str(subscription.pk)}
    product = subscription.offer.product_id
    calls: list[tuple[str, dict[str, Any], str]] = [
        ("order/batch-order", {**accepted, "product_id": product}, "expected_amount"),
        ("order/pay", {"idempotency_key": "k", "order_id": order}, "expected_amount"),
        ("service/renew", {**service, **accepted, "product_id": product, "period_num": 1}, "expected_amount"),
        ("service/unsubscribe", {**service, "way": "unused"}, "refund_amount"),
    ]
    paths = document()["paths"]
    for path, arguments, name in calls:
        body = paths[V1 + path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        validator = OAS31Validator(body["properties"][name])
        for amount in INVALID_AMOUNTS:
            assert refusal(program, path, **arguments, **{name: amount})[:2] == (400, "CBC.0101"), (path, amount)
            # Python's $ also matches before a trailing newline; that of JSON Schema does not.
            assert amount == "1\n" or not validator.is_valid(amount), (path, amount)
        assert validator.is_valid("100.0000")
