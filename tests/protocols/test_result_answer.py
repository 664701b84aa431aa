"""Answers that consist of a result only, read and written (saas-v2 §3.0; saas-v1-license §B2.2, §B3, §D1)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.exchange import KEY, signed, wild_answers
from tradepost.protocols.body_sign import body_sign
from tradepost.protocols.commands import Done, Fault, Pending, Rejected, Unreachable
from tradepost.protocols.http import Response
from tradepost.protocols.result_answer import answer_result, read_result

SUCCESS = {"resultCode": "000000", "resultMsg": "success"}


def read(members, *, names_instance=False):
    return read_result(signed(members), key=KEY, require_body_sign=True, names_instance=names_instance)


@pytest.mark.parametrize(
    ("outcome", "naming", "members"),
    [
        (Done(), False, SUCCESS),
        (Done(instance_id="i"), False, SUCCESS),
        (Done(instance_id="i"), True, {**SUCCESS, "instanceId": "i"}),
        (Pending(message=""), True, {"resultCode": "000004", "resultMsg": "processing"}),
        (Pending(instance_id="i"), True, {"resultCode": "000004", "resultMsg": "processing", "instanceId": "i"}),
        (Rejected(code="000900", message="额度不足"), True, {"resultCode": "000900", "resultMsg": "额度不足"}),
        (Rejected(code="000005", message="x" * 300), False, {"resultCode": "000005", "resultMsg": "x" * 255}),
    ],
)
def test_members_of_an_answer(outcome, naming, members):
    response = answer_result(outcome, key=KEY, names_instance=naming)
    assert json.loads(response.body) == members
    assert response.headers == (
        ("Content-Type", "application/json"),
        ("Body-Sign", body_sign(response.body, KEY)),
    )


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        (Done(), "instanceId must have 1 to 64 characters, not 0"),
        (Done(instance_id="i" * 65), "instanceId must have 1 to 64 characters, not 65"),
        (Rejected(code="000000"), "no refusal"),
        (Rejected(code="000004"), "no refusal"),
        (Rejected(code="0000004"), "no refusal"),
    ],
)
def test_outcome_that_the_wire_cannot_carry(outcome, says):
    with pytest.raises(ValueError) as error:
        answer_result(outcome, key=KEY, names_instance=True)
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("members", "naming", "result"),
    [
        ({**SUCCESS, "instanceId": "i"}, False, Done()),
        ({**SUCCESS, "instanceId": "i"}, True, Done(instance_id="i")),
        ({"resultCode": "000004"}, True, Pending(message="")),
        ({"resultCode": "000004", "instanceId": "i"}, True, Pending(message="", instance_id="i")),
        ({"resultCode": "000903", "resultMsg": "m"}, True, Rejected(code="000903", message="m")),
        (SUCCESS, True, Unreachable(fault=Fault.MISSING_FIELD, detail="instanceId is missing")),
        (
            {**SUCCESS, "instanceId": 7},
            True,
            Unreachable(fault=Fault.BAD_FIELD, detail="instanceId must be a string of 1 to 64 characters"),
        ),
        ({"resultMsg": "m"}, False, Unreachable(fault=Fault.MISSING_FIELD, detail="resultCode is missing")),
    ],
)
def test_meaning_of_an_answer(members, naming, result):
    assert read(members, names_instance=naming) == result


@given(
    members=wild_answers.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=60),
    naming=st.booleans(),
    sign=st.booleans(),
)
def test_reading_never_raises(members, naming, sign):
    headers = (("Content-Type", "application/json"), ("Body-Sign", body_sign(members, KEY) if sign else "x"))
    result = read_result(Response(200, headers, members), key=KEY, require_body_sign=True, names_instance=naming)
    assert isinstance(result, Done | Pending | Rejected | Unreachable)
