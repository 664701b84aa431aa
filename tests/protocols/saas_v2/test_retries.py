"""The retry plan (saas-v2 §3.10), the result codes (§4) and the field tables (§3) are complete."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tradepost.protocols.commands import CheckChange, Create, Query, Refresh, Release, SetStatus, Upgrade
from tradepost.protocols.instance_info import APP_INFO
from tradepost.protocols.saas_v2 import PROTOCOL
from tradepost.protocols.saas_v2.fields import INSTANCE_INFO, REQUESTS, SUCCESSES, USAGE_INFO

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("command", "give_up_after"),
    [
        (Create, 3 * HOUR),
        (Query, 3 * HOUR),
        (Refresh, HOUR),
        (SetStatus, HOUR),
        (Release, HOUR),
        (Upgrade, 3 * HOUR),
        (CheckChange, timedelta(0)),
    ],
)
def test_duration_of_the_retries_of_each_activity_section_3_10(command, give_up_after):
    assert PROTOCOL.retries[command].give_up_after == give_up_after


def test_creation_is_retried_hourly_section_3_10():
    rule = PROTOCOL.retries[Create]
    assert [rule.wait(tries, pending=False) for tries in (1, 2, 3)] == [HOUR] * 3


def test_query_is_repeated_quickly_at_first_then_every_minute():
    rule = PROTOCOL.retries[Query]
    waits = [rule.wait(tries, pending=True).total_seconds() for tries in range(1, 9)]
    assert waits == [0.3, 1, 2, 5, 10, 30, 60, 60]


def test_every_activity_has_its_plan_and_its_tables():
    for table in (PROTOCOL.retries, REQUESTS, SUCCESSES):
        assert table.keys() == PROTOCOL.activities.keys()


def test_lengths_of_an_answer_are_those_of_section_3_2():
    lengths = {
        table: {field.name: (field.length, field.mandatory) for field in fields}
        for table, fields in (("instance", INSTANCE_INFO), ("app", APP_INFO), ("usage", USAGE_INFO))
    }
    assert lengths == {
        "instance": {"instanceId": (64, True), "appInfo": (None, False), "usageInfo": (None, False)},
        "app": {
            "frontEndUrl": (512, True),
            "adminUrl": (512, False),
            "userName": (128, False),
            "password": (128, False),
            "memo": (1024, False),
        },
        "usage": {
            "relatedInstanceId": (64, False),
            "usageValue": (20, True),
            "statisticalTime": (20, True),
            "dashboardUrl": (512, False),
        },
    }


def test_lengths_of_requests_are_those_of_section_3():
    lengths = {
        PROTOCOL.activities[command]: {field.name: field.length for field in fields if field.name != "testFlag"}
        for command, fields in REQUESTS.items()
    }
    assert lengths == {
        "newInstance": {"activity": 20, "orderId": 64, "orderLineId": 64, "businessId": 64},
        "queryInstance": {"activity": 20, "instanceId": None},
        "refreshInstance": {
            "activity": 20,
            "scene": 64,
            "orderId": 64,
            "orderLineId": 64,
            "instanceId": 64,
            "productId": 64,
            "expireTime": 20,
        },
        "updateInstanceStatus": {"activity": 32, "instanceId": 64, "status": 32},
        "releaseInstance": {"activity": 32, "instanceId": 64, "orderId": 64, "orderLineId": 64},
        "upgradeInstance": {"activity": 32, "instanceId": 64, "orderId": 64, "orderLineId": 64},
        "changeInstanceCheck": {"activity": 32, "instanceId": 64, "productInfo": None},
    }


def test_result_codes_are_those_of_section_4_in_two_languages():
    codes = [f"00000{number}" for number in range(6)] + [f"00010{number}" for number in range(8)]
    assert list(PROTOCOL.result_codes) == codes
    for code, row in PROTOCOL.result_codes.items():
        assert (row.code, row.retryable) == (code, True)
        assert row.meaning.en.isascii()
        assert not row.meaning.zh.isascii()
