"""The retry plan (saas-v1-license A6), the result codes (A3) and the field tables (A2) are complete."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tradepost.protocols.commands import Create, Expire, Query, Refresh, Release, SetStatus, Upgrade
from tradepost.protocols.saas_v1 import PROTOCOL
from tradepost.protocols.saas_v1.fields import APP_INFO, INSTANCE_INFO, REQUESTS, SUCCESSES, USAGE_INFO

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("command", "give_up_after"),
    [(Create, 3 * HOUR), (Upgrade, 3 * HOUR), (Refresh, HOUR), (Expire, HOUR), (Release, HOUR)],
)
def test_duration_of_the_retries_of_each_activity_section_a6(command, give_up_after):
    assert PROTOCOL.retries[command].give_up_after == give_up_after


def test_undocumented_retries_end_after_an_hour():
    assert {PROTOCOL.retries[command].give_up_after for command in (Query, SetStatus)} == {HOUR}


def test_creation_is_retried_hourly_and_sooner_while_in_progress_section_a2_2():
    rule = PROTOCOL.retries[Create]
    assert [rule.wait(tries, pending=False) for tries in (1, 2, 3)] == [HOUR] * 3
    assert [rule.wait(tries, pending=True) for tries in (1, 2, 3)] == [10 * MINUTE] * 3


def test_every_activity_has_its_plan_and_its_tables():
    for table in (PROTOCOL.retries, REQUESTS, SUCCESSES):
        assert table.keys() == PROTOCOL.activities.keys()


def test_lengths_of_an_answer_are_those_of_sections_a2_2_and_a2_8():
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


def test_lengths_of_requests_are_those_of_section_a2():
    linear = {"amount": 7, "diskSize": 7, "bandWidth": 7}
    period = {"periodType": 10, "periodNumber": 5}
    lengths = {
        PROTOCOL.activities[command]: {field.name: field.length for field in fields if field.name != "testFlag"}
        for command, fields in REQUESTS.items()
    }
    assert lengths == {
        "newInstance": {
            "activity": 20,
            "customerId": 100,
            "customerName": 64,
            "userId": 64,
            "userName": 64,
            "mobilePhone": 512,
            "email": 512,
            "businessId": 64,
            "orderId": 64,
            "skuCode": 64,
            "productId": 64,
            "trialFlag": 2,
            "startTime": 20,
            "expireTime": 20,
            "chargingMode": 3,
            "saasExtendParams": 2048,
            "orderAmount": 20,
            "provisionType": 2,
            **linear,
            **period,
        },
        "queryInstance": {"activity": 20, "instanceId": None},
        "refreshInstance": {
            "activity": 20,
            "orderId": 64,
            "instanceId": 64,
            "productId": 64,
            "expireTime": 20,
            "trialToFormal": 2,
            "orderAmount": 20,
            **period,
        },
        "expireInstance": {"activity": 20, "instanceId": 64, "orderId": 64},
        "instanceStatus": {"activity": 32, "instanceId": 64, "instanceStatus": 32},
        "releaseInstance": {"activity": 20, "instanceId": 64, "orderId": 64, "orderAmount": 20},
        "upgrade": {
            "activity": 20,
            "instanceId": 64,
            "orderId": 64,
            "skuCode": 64,
            "productId": 64,
            "saasExtendParams": 2048,
            **linear,
        },
    }


def test_result_codes_are_those_of_section_a3_in_two_languages():
    codes = [f"00000{number}" for number in range(6)] + [f"00010{number}" for number in range(8)]
    assert list(PROTOCOL.result_codes) == codes
    for code, row in PROTOCOL.result_codes.items():
        assert (row.code, row.retryable) == (code, True)
        assert row.meaning.en.isascii()
        assert not row.meaning.zh.isascii()
