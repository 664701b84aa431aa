"""Reasons of a cloud's refusal, from its codes and messages."""

from __future__ import annotations

import pytest

from tradepost.market.compute import faults
from tradepost.market.compute.adapters.ec2.api import fault_of as of_ec2
from tradepost.market.compute.adapters.huaweicloud.api import fault_of as of_huaweicloud
from tradepost.market.compute.adapters.openstack.api import fault_of as of_openstack
from tradepost.market.compute.contract import Fault


@pytest.mark.parametrize(
    "fault",
    [
        of_ec2("InsufficientFreeAddressesInSubnet"),
        of_huaweicloud("Ecs.0012", "The subnet does not contain enough IP addresses.", 400),
        of_huaweicloud("Common.9999", "The subnet does not contain enough IP addresses.", 400),
        of_openstack("No more IP addresses available on network 6ab1.", 409),
        of_openstack("Zero fixed ips available.", 500),
    ],
)
def test_full_subnet_is_not_a_full_cloud(fault: Fault) -> None:
    assert fault is Fault.ADDRESSES


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (of_ec2("InsufficientInstanceCapacity"), Fault.CAPACITY),
        (of_ec2("Server.InsufficientInstanceCapacity"), Fault.CAPACITY),
        (of_ec2("AddressLimitExceeded"), Fault.QUOTA),
        (of_huaweicloud("Ecs.0319", "Insufficient instance quota.", 400), Fault.QUOTA),
        (of_huaweicloud("Ecs.0610", "the flavor is sold out"), Fault.CAPACITY),
        (of_openstack("Maximum number of ports exceeded", 403), Fault.QUOTA),
        (of_openstack("Policy doesn't allow it", 403), Fault.CREDENTIALS),
    ],
)
def test_other_reasons_are_distinguished(fault: Fault, expected: Fault) -> None:
    assert fault is expected


def test_every_reason_is_explained() -> None:
    """``OTHER`` has no advice for operators: only the cloud's own message is known."""
    assert set(faults.FOR_BUYERS) == set(Fault)
    assert set(faults.FOR_OPERATORS) == set(Fault) - {Fault.OTHER}
