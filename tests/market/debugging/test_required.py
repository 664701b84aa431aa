"""Issue 9, must show 2: required cases by protocol and charging mode, for submission, modification and review.

saas-v2 §5.3, saas-v1-license A4, B1, B2.2, B3, openapi-jointkit §A.10, business-rules §17.4.
"""

from __future__ import annotations

import pytest

from tradepost.market.debugging.required import Purpose, SoldProduct, required
from tradepost.protocols import registry
from tradepost.protocols.commands import ChargingMode

P, ONCE, USE, PKG = ChargingMode.PERIOD, ChargingMode.ONE_TIME, ChargingMode.ON_DEMAND, ChargingMode.ON_DEMAND_PKG
KIT = "tenantSync applicationSync authSync singleOrgSync allOrgSync"
V1_REFRESHES = (
    "refreshInstance/RENEWAL refreshInstance/RENEWAL_PRODUCT refreshInstance/TRIAL_TO_FORMAL"
    " refreshInstance/TRIAL_TO_FORMAL_PRODUCT"
)


def sold(*modes: ChargingMode, **besides: bool) -> SoldProduct:
    return SoldProduct(modes=frozenset(modes), **besides)


TABLE = [
    # protocol, sold modes, cases, proofs
    ("saas_v2", sold(P), "newInstance queryInstance refreshInstance updateInstanceStatus releaseInstance", ""),
    ("saas_v2", sold(ONCE), "newInstance queryInstance releaseInstance", ""),
    ("saas_v2", sold(USE), "newInstance queryInstance releaseInstance", "usage_push"),
    ("saas_v2", sold(PKG), "newInstance queryInstance releaseInstance", "usage_push"),
    ("saas_v2", sold(PKG, stops_when_used_up=True), "newInstance queryInstance refreshInstance releaseInstance", "usage_push"),
    ("saas_v2", sold(P, ONCE), "newInstance queryInstance refreshInstance updateInstanceStatus releaseInstance", ""),
    ("saas_v2", sold(ONCE, USE), "newInstance queryInstance releaseInstance", "usage_push"),
    ("saas_v2", sold(P, trial=True), "newInstance queryInstance refreshInstance updateInstanceStatus releaseInstance", ""),
    ("saas_v2", sold(P, upgrades=True), "newInstance queryInstance refreshInstance updateInstanceStatus releaseInstance upgradeInstance", ""),
    ("saas_v2", sold(P, renewal_changes=True), "newInstance queryInstance refreshInstance updateInstanceStatus releaseInstance changeInstanceCheck", ""),
    ("saas_v2", sold(P, joint=True), f"newInstance queryInstance refreshInstance updateInstanceStatus releaseInstance {KIT}", ""),
    ("saas_v1", sold(P), "newInstance/PERIOD refreshInstance/RENEWAL expireInstance releaseInstance", ""),
    ("saas_v1", sold(ONCE), "newInstance/ONE_TIME releaseInstance", ""),
    ("saas_v1", sold(USE), "newInstance/ON_DEMAND queryInstance instanceStatus releaseInstance", "usage_push"),
    ("saas_v1", sold(PKG), "newInstance/ON_DEMAND queryInstance instanceStatus releaseInstance", "usage_push"),
    ("saas_v1", sold(P, ONCE), "newInstance/PERIOD newInstance/ONE_TIME refreshInstance/RENEWAL expireInstance releaseInstance", ""),
    ("saas_v1", sold(P, trial=True), f"newInstance/PERIOD newInstance/TRIAL {V1_REFRESHES} expireInstance releaseInstance", ""),
    ("saas_v1", sold(P, upgrades=True), "newInstance/PERIOD refreshInstance/RENEWAL expireInstance releaseInstance upgrade", ""),
    ("saas_v1", sold(ONCE, joint=True), f"newInstance/ONE_TIME releaseInstance {KIT}", ""),
    ("license_online", sold(P), "newInstance getLicenseAsync refreshInstance updateInstanceStatus releaseInstance", ""),
    ("license_online", sold(ONCE), "newInstance getLicenseAsync releaseInstance", ""),
    ("license_v1", sold(P), "getLicense refreshLicense releaseLicense", ""),
    ("license_v1", sold(ONCE), "getLicense releaseLicense", ""),
    ("license_code", sold(P), "", "activate heartbeat"),
    ("license_code", sold(ONCE), "", "activate heartbeat"),
    ("order_notice", sold(P, ONCE, USE, PKG), "", ""),
]  # fmt: skip


def named(protocol: str, what: SoldProduct, **asked: object) -> set[str]:
    required_cases = required(protocol, what, **asked).cases  # type: ignore[arg-type]  # purpose, listed
    return {f"{item.case.activity}/{item.case.variant}".rstrip("/") for item in required_cases}


@pytest.mark.parametrize(("protocol", "what", "cases", "proofs"), TABLE)
@pytest.mark.parametrize("purpose", list(Purpose))
def test_required_cases_follow_the_table(
    protocol: str, what: SoldProduct, cases: str, proofs: str, purpose: Purpose
) -> None:
    assert named(protocol, what, purpose=purpose) == set(cases.split())
    assert {proof.name for proof in required(protocol, what, purpose=purpose).proofs} == set(proofs.split())


def test_every_protocol_and_mode_is_in_the_table() -> None:
    kits = {name for name in registry.protocols() if name.startswith("joint_kit")}
    assert {protocol for protocol, *_ in TABLE} | kits == set(registry.protocols())
    for protocol in ("saas_v2", "saas_v1"):
        alone = {next(iter(what.modes)) for name, what, *_ in TABLE if name == protocol and len(what.modes) == 1}
        assert alone == set(ChargingMode)


@pytest.mark.parametrize("purpose", [Purpose.MODIFY, Purpose.REVIEW])
def test_modification_also_needs_cases_of_the_listed_version(purpose: Purpose) -> None:
    """saas-v1-license A4: a modification replays all cases of the published specifications, because the listed version
    is still sold."""
    one_time, period = sold(ONCE), sold(P)
    assert named("saas_v2", one_time, purpose=purpose, listed=period) == named("saas_v2", sold(P, ONCE))
    assert named("saas_v2", one_time, purpose=Purpose.SUBMIT, listed=period) == named("saas_v2", one_time)
    assert named("saas_v2", one_time, purpose=purpose, listed=None) == named("saas_v2", one_time)


def test_kit_calls_use_the_same_address_in_the_matching_generation() -> None:
    """openapi-jointkit §A.0: the base interfaces and the kit interfaces of one product share the address."""
    for base, kit in (("saas_v2", "joint_kit_v2"), ("saas_v1", "joint_kit_v1"), ("license_online", "joint_kit_v2")):
        protocols_required = {case.protocol for case in required(base, sold(P, joint=True)).cases}
        assert protocols_required == {base, kit}


def test_product_without_offers_needs_no_cases() -> None:
    assert required("saas_v2", SoldProduct()).cases == ()
