"""Whatever the OpenAPI document allows or forbids to send: no error of the market, and no answer that the document lacks."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from schemathesis.generation import GenerationMode

from tests import factories
from tests.market.open_api.asking import HOST
from tests.market.open_api.buyer_program import make_program, offer_on_sale, service_of
from tests.market.open_api.described_calls import Keys, Tally, calls, operations, send
from tradepost.market.base import clock
from tradepost.market.identity import keys as seller_keys
from tradepost.market.orders.models import Order

log = logging.getLogger(__name__)
pytestmark = [pytest.mark.django_db]
OPERATIONS = dict(operations())
BOTH = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


@pytest.fixture
def keys(settings: Any) -> Keys:
    settings.ALLOWED_HOSTS = [HOST]
    program = make_program(balance="100000")
    held = service_of(program.buyer)
    unpaid = factories.make_order(program.buyer, offer=offer_on_sale(), now=clock.now())
    seller = held.seller
    access = seller_keys.create_access_key(seller, by=None, now=clock.now())
    base = seller_keys.rotate_signing_key(seller, "base", now=clock.now())
    paid = held.order_line_number.rpartition("-")[0]
    now = clock.now()
    known: dict[str, list[Any]] = {
        "order_id": [unpaid.number, paid], "orderId": [paid, "MOCKPERIODYEARNEW"], "service_id": [str(held.pk)],
        "product_id": list({unpaid.lines.get().offer.product_id, held.offer.product_id}), "period_num": [1, 12],
        "quantity": [1], "extend_params": [[]],
        "accepted_agreements": [[{"agreement_id": name, "version": "1"} for name in ("buyer", "service")]],
        "auto_renew": [False], "instance_id": [held.instance_id], "instanceId": [held.instance_id],
        "buyer_domain_id": [program.buyer.customer_id], "orderids": [[paid, unpaid.number]],
        "start_time": [f"{now - timedelta(days=30):%Y-%m-%d %H:%M:%S}"], "refund_amount": ["100.00"],
        "end_time": [f"{now + timedelta(days=1):%Y-%m-%d %H:%M:%S}", f"{now:%Y%m%dT%H%M%SZ}"],
    }  # fmt: skip
    return Keys((access.key_id, access.secret), (program.ak, program.sk), base.secret, known)


def run(name: str, keys: Keys, *, examples: int) -> Tally:
    tally = Tally()

    @settings(
        max_examples=examples, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(call=calls(OPERATIONS[name], keys, BOTH))
    def each(call: tuple[Any, bool]) -> None:
        case, signed = call
        send(case, keys, signed=signed, tally=tally)

    each()
    return tally


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_is_documented(name: str, keys: Keys, unlimited: None) -> None:
    assert run(name, keys, examples=6).calls


@pytest.mark.soak
@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_is_documented_of_many(name: str, keys: Keys, unlimited: None) -> None:
    """``--log-cli-level=INFO`` shows the figures."""
    tally = run(name, keys, examples=400)
    log.info("%s: %s calls, %s", name, sum(tally.calls.values()), dict(tally.statuses()))


@pytest.fixture
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    """All calls come from one key within a second, and wrong signatures from one peer."""
    from tradepost.market.open_api import answers, throttle

    limit = throttle.RateLimit("100000/second")
    monkeypatch.setattr(answers, "rate_limit", lambda: limit)
    monkeypatch.setattr(throttle, "MOST_FAILURES", 1_000_000)


def test_calls_by_the_document_reach_the_verbs(keys: Keys, unlimited: None) -> None:
    """The values that exist make some calls succeed: else nothing but refusals would have been checked."""
    before = Order.objects.count()
    for name in ("CreateOrders", "ListOrders", "ShowService"):
        assert 200 in run(name, keys, examples=25).statuses(), name
    assert Order.objects.count() > before
