"""For all requests that the OpenAPI document allows or forbids: no internal error, and no undocumented response."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import msgspec
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
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


@pytest.fixture
def keys(settings: Any) -> Keys:
    settings.ALLOWED_HOSTS = [HOST]
    program = make_program(balance="100000")
    subscription = service_of(program.buyer)
    unpaid = factories.make_order(program.buyer, offer=offer_on_sale(), now=clock.now())
    seller = subscription.seller
    access_key = seller_keys.create_access_key(seller, by=None, now=clock.now())
    base_key = seller_keys.rotate_signing_key(seller, "base", now=clock.now())
    paid = subscription.order_line_number.rpartition("-")[0]
    now = clock.now()
    known: dict[str, list[Any]] = {
        "order_id": [unpaid.number, paid], "orderId": [paid, "MOCKPERIODYEARNEW"], "service_id": [str(subscription.pk)],
        "product_id": list({unpaid.lines.get().offer.product_id, subscription.offer.product_id}), "period_num": [1, 12],
        "quantity": [1], "extend_params": [[]],
        "accepted_agreements": [[{"agreement_id": name, "version": "1"} for name in ("buyer", "service")]],
        "auto_renew": [False], "instance_id": [subscription.instance_id], "instanceId": [subscription.instance_id],
        "buyer_domain_id": [program.buyer.customer_id], "orderids": [[paid, unpaid.number]],
        "start_time": [f"{now - timedelta(days=30):%Y-%m-%d %H:%M:%S}"], "refund_amount": ["100.00"],
        "end_time": [f"{now + timedelta(days=1):%Y-%m-%d %H:%M:%S}", f"{now:%Y%m%dT%H%M%SZ}"],
    }  # fmt: skip
    return Keys((access_key.key_id, access_key.secret), (program.ak, program.sk), base_key.secret, known)


def run_operation(name: str, keys: Keys, *, examples: int) -> Tally:
    tally = Tally()

    @settings(
        max_examples=examples, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(call=calls(OPERATIONS[name], keys, MODES))
    def check_call(call: tuple[Any, bool]) -> None:
        case, signed = call
        send(case, keys, signed=signed, tally=tally)

    check_call()
    return tally


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_response_is_documented(name: str, keys: Keys, unlimited: None) -> None:
    assert run_operation(name, keys, examples=6).calls


@pytest.mark.soak
@pytest.mark.parametrize("name", OPERATIONS)
def test_every_response_of_many_calls_is_documented(name: str, keys: Keys, unlimited: None) -> None:
    """``--log-cli-level=INFO`` shows the figures."""
    tally = run_operation(name, keys, examples=400)
    log.info("%s: %s calls, %s", name, sum(tally.calls.values()), dict(tally.statuses()))


@pytest.fixture
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raise the limits: all calls come from one key within a second, and wrong signatures from one peer."""
    from tradepost.market.identity.limits import SIGNATURES
    from tradepost.market.open_api import answers, throttle, wrong_signatures

    limit = throttle.RateLimit("100000/second")
    monkeypatch.setattr(answers, "rate_limit", lambda: limit)
    signatures = msgspec.structs.replace(SIGNATURES, free=1_000_000)
    monkeypatch.setattr(wrong_signatures, "SIGNATURES", signatures)


@pytest.mark.slow
def test_generated_calls_succeed_sometimes(keys: Keys, unlimited: None) -> None:
    """Some calls use existing values and succeed; otherwise only refusals would be checked."""
    before = Order.objects.count()
    for name in ("CreateOrders", "ListOrders", "ShowService"):
        assert 200 in run_operation(name, keys, examples=25).statuses(), name
    assert Order.objects.count() > before
