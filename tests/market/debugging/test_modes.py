"""The table of activities by charging mode equals the checks of submissions (saas-v2 §5.3, §1.4; saas-v1-license A4)."""

from __future__ import annotations

import pytest

from tradepost.market.debugging import modes
from tradepost.market.debugging.required import product_with_modes, required
from tradepost.market.product_types.charging import CHARGING


def table(protocol: str) -> dict[str, frozenset[str]]:
    [mode_table] = [table for table in modes.tables() if table.protocol == protocol]
    return {f"{row.item.case.activity} {row.item.case.variant}".strip(): row.offers for row in mode_table.cases}


def test_saas_2_0_follows_its_matrix() -> None:
    """saas-v2 §1.4: EU: period products create, query, update, status update, release; one-time create, query, release."""
    by_mode = {
        mode: {activity for activity, offers in table("saas_v2").items() if mode in offers}
        for mode in ("PERIOD", "ONE_TIME", "stop_package", "upgrade", "renewal_change")
    }
    one_time_activities = {"newInstance", "queryInstance", "releaseInstance"}
    assert by_mode == {
        "PERIOD": one_time_activities | {"refreshInstance", "updateInstanceStatus"},
        "ONE_TIME": one_time_activities,
        "stop_package": one_time_activities | {"refreshInstance"},
        "upgrade": {"upgradeInstance"},
        "renewal_change": {"changeInstanceCheck"},
    }


@pytest.mark.parametrize("mode", [str(mode) for mode in CHARGING])
def test_every_mark_equals_the_check_of_a_submission(mode: str) -> None:
    for mode_table in modes.tables():
        needed = {row.item.key for row in mode_table.cases if mode in row.offers}
        assert needed == {case.key for case in required(mode_table.protocol, product_with_modes([mode])).cases}, (
            mode_table.protocol
        )


def test_no_row_or_column_is_empty() -> None:
    assert {"saas_v1", "saas_v2", "license_v1", "license_online"} <= {table.protocol for table in modes.tables()}
    for mode_table in modes.tables():
        assert all(row.offers for row in (*mode_table.cases, *mode_table.proofs))
        for offer in mode_table.offers:
            assert any(offer in row.offers for row in (*mode_table.cases, *mode_table.proofs)), (
                mode_table.protocol,
                offer,
            )
