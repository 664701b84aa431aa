"""The order notification on the wire, both ends (saas-v1-license §D)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.exchange import (
    ADDRESS,
    KEY,
    LINE,
    NONCE,
    NOW,
    ORDER,
    Wire,
    ids,
    json_values,
    results,
)
from tradepost.protocols.commands import Done, NotifyOrder, Release
from tradepost.protocols.contract import Denied
from tradepost.protocols.freshness import epoch_ms
from tradepost.protocols.order_notice import PROTOCOL
from tradepost.protocols.order_notice.checks import SPECIFICATION
from tradepost.protocols.registry import protocol
from tradepost.protocols.signed_url import sign_request

WIRE = Wire(PROTOCOL)
NOTIFY = NotifyOrder(order_id=ORDER, order_line_id=LINE)
EXCHANGES = (("saas-v1-license §D1", NOTIFY, Done()),)

commands = st.builds(NotifyOrder, order_id=ids, order_line_id=ids, test=st.booleans())


def post(members):
    return sign_request(members, address=ADDRESS, key=KEY, now=NOW, nonce=NONCE)


def test_registry_finds_the_protocol_with_its_key_class():
    assert protocol("order_notice") is PROTOCOL
    assert PROTOCOL.key_class == "notice"


def test_golden_exchange_is_what_the_code_writes_and_reads():
    ((section, command, outcome),) = EXCHANGES
    assert WIRE.names() == {"orderNotify"}
    assert WIRE.golden("orderNotify").read_text("utf-8") == WIRE.exchange(section, command, outcome)
    request, response = WIRE.read("orderNotify")
    assert WIRE.open(request) == command
    assert WIRE.decode(command, response) == outcome


def test_vector_of_section_e5():
    at = datetime.fromtimestamp(1729566664, UTC) + timedelta(milliseconds=115)
    assert epoch_ms(at) == 1729566664115
    request = PROTOCOL.encode(
        NotifyOrder(order_id=ORDER, order_line_id=LINE, test=True),
        address="https://isv.example.com/notice",
        key="test-access-key-0001",
        now=at,
        nonce=NONCE,
    )
    assert request.body == (
        b'{"activity":"orderNotify","orderId":"CS2211181819B4LVS",'
        b'"orderLineId":"CS2211181819B4LVS-000001","testFlag":"1"}'
    )
    assert request.url == (
        "https://isv.example.com/notice"
        "?signature=9C5BAF371D880D996FCDEB3C66B7FF501F29DD6315EF8F7277D628631CE367D0"
        "&timestamp=1729566664115&nonce=Of4lsV7H1qrzVDI52O5CFk2ofPcZRaA6"
    )


def test_test_flag_is_always_sent_and_the_charset_has_its_hyphen_section_d1():
    assert json.loads(WIRE.encode(NOTIFY).body)["testFlag"] == "0"
    assert WIRE.encode(NOTIFY).header("Content-Type") == "application/json;charset=utf-8"


def test_missing_test_flag_means_a_real_call():
    assert WIRE.open(post({"activity": "orderNotify", "orderId": ORDER, "orderLineId": LINE})) == NOTIFY


@given(commands)
def test_any_encoded_request_opens_as_the_same_command(command):
    assert WIRE.open(WIRE.encode(command)) == command


@given(commands, results)
def test_any_answer_decodes_as_the_same_outcome(command, outcome):
    assert WIRE.decode(command, WIRE.answer(command, outcome)) == outcome


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"activity": "newInstance"}, "activity is missing or unknown"),
        ({"orderId": None}, "orderId is missing"),
        ({"orderLineId": " "}, "orderLineId is blank"),
        ({"orderId": "x" * 65}, "orderId has 65 characters, at most 64 are allowed"),
        ({"testFlag": "2"}, "testFlag must be one of 0, 1; “2” came"),
    ],
)
def test_invalid_value_is_000002(changed, message):
    assert WIRE.denied(post(json.loads(WIRE.encode(NOTIFY).body) | changed)) == ("000002", message)


def test_there_is_no_other_activity():
    with pytest.raises(ValueError, match="no activity for Release"):
        WIRE.encode(Release(instance_id="i"))


def test_notification_is_retried_hourly_for_three_hours_with_a_timeout_of_five_seconds():
    """business-rules §4.2: "seller endpoint; 5 s timeout; retried hourly for 3 h"."""
    rule = PROTOCOL.retries[NotifyOrder]
    assert (rule.every, rule.give_up_after) == (timedelta(hours=1), timedelta(hours=3))
    assert rule.answer_within == timedelta(seconds=SPECIFICATION.answer_within) == timedelta(seconds=5)
    assert list(PROTOCOL.result_codes) == ["000000", "000001", "000002", "000004", "000005"]


@given(st.dictionaries(st.sampled_from(["activity", "orderId", "orderLineId", "testFlag"]), json_values))
def test_any_request_gives_a_command_or_000002(members):
    try:
        assert isinstance(WIRE.open(post(json.loads(WIRE.encode(NOTIFY).body) | members)), NotifyOrder)
    except Denied as refusal:
        assert refusal.code == "000002"  # noqa: PT017


if __name__ == "__main__":
    WIRE.write_golden(EXCHANGES)
