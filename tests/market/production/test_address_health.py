"""State of an address by its last evidence: untested, healthy, degraded or paused, each with its time (issue 10,
pages.md).
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.factories import NOW, make_address, make_buyer, make_call, make_offer, make_order, make_product, make_seller
from tests.market.engine import AT_ONCE, LOST, answer
from tradepost.market.base.outbound_policy import SANDBOX
from tradepost.market.production import addresses
from tradepost.market.production.address_health import AddressHealth, AddressState, health_of
from tradepost.market.production.models import Address, Call
from tradepost.protocols.commands import CallResult, Done, Fault, Pending, Rejected, Unreachable

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


def called(address: Address) -> Call:
    product = make_product(address.seller, address=address)
    return make_call(make_order(make_buyer(), offer=make_offer(product), paid=True))


def after(*results: CallResult, address: Address | None = None) -> AddressHealth:
    address = address or make_address(make_seller())
    for number, result in enumerate(results):
        answer(called(address), result, now=NOW + number * timedelta(minutes=5))
    return health_of(Address.objects.get(pk=address.pk))


def test_address_without_calls_is_untested() -> None:
    assert after() == AddressHealth(AddressState.UNTESTED)


@pytest.mark.parametrize(
    "result", [Done(instance_id="i-1"), Pending(), Rejected(code="000100"), Rejected(code="000003")]
)
def test_valid_response_makes_the_address_healthy_at_its_time(result: CallResult) -> None:
    assert after(result) == AddressHealth(AddressState.HEALTHY, NOW)


@pytest.mark.parametrize("code", ["000001", "000005"])
def test_refused_signature_and_internal_error_are_no_success(code: str) -> None:
    """saas-v2 §4: 000001 authentication failed, 000005 other internal error."""
    assert after(Rejected(code=code)) == AddressHealth(AddressState.DEGRADED, NOW, code)
    assert Address.objects.get().last_success_at is None


def test_degraded_state_starts_at_the_first_failure_and_ends_with_a_success() -> None:
    address = make_address(make_seller())
    assert after(LOST, Rejected(code="000001"), address=address) == AddressHealth(AddressState.DEGRADED, NOW, "000001")
    answer(called(address), now=NOW + timedelta(hours=1))
    healed = health_of(Address.objects.get(pk=address.pk))
    assert healed == AddressHealth(AddressState.HEALTHY, NOW + timedelta(hours=1))


def test_paused_address_shows_since_when_and_why() -> None:
    address = make_address(make_seller())
    answer(called(address), LOST, now=NOW, rule=AT_ONCE)
    assert health_of(Address.objects.get(pk=address.pk)) == AddressHealth(AddressState.PAUSED, NOW, "timeout")


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.INTERNAL, Fault.NO_KEY])
def test_our_own_faults_change_no_state(fault: Fault) -> None:
    assert after(Unreachable(fault=fault)) == AddressHealth(AddressState.UNTESTED)


def test_state_of_one_address_does_not_affect_another() -> None:
    address = make_address(make_seller())
    assert after(Done(instance_id="i-1"), address=address).state is AddressState.HEALTHY
    moved = {"url": "http://127.0.0.1:9/elsewhere", "require_body_sign": True, "outbound": SANDBOX, "now": LATER}
    addresses.change(address, **moved)  # type: ignore[arg-type]
    assert health_of(Address.objects.get(pk=address.pk)) == AddressHealth(AddressState.UNTESTED)
