"""Shared by the tests of License 1.0: one key, one time, one exchange, and strategies for all values that the wire can
carry.
"""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from tradepost.protocols.commands import (
    Buyer,
    ChargingMode,
    Create,
    Done,
    Expire,
    Pending,
    Purchase,
    Refresh,
    Rejected,
    Release,
    Scene,
)
from tradepost.protocols.http import Response
from tradepost.protocols.json_answer import json_answer
from tradepost.protocols.license_v1 import PROTOCOL
from tradepost.protocols.signed_query import sign_request

KEY = "test-access-key-0001"
NOW = datetime(2026, 7, 1, 12, 0, 0, 123000, tzinfo=UTC)
NONCE = "Of4lsV7H1qrzVDI52O5CFk2ofPcZRaA6"
ADDRESS = "https://isv.example.com/license"
INSTANCE = "4ef28f-312d3d-gad335f-3132hkf"
BUSINESS = "61e834ba-7b97-4418-b8f7-e5345137278c"
ORDER = "CS1906666666ABCDE"
PRODUCT = "00301-666666-0--0"


def encode(command):
    return PROTOCOL.encode(command, address=ADDRESS, key=KEY, now=NOW, nonce=NONCE)


def open_(request):
    return PROTOCOL.open(request, key=KEY, now=NOW, nonce_seen=lambda nonce, until: False)


def asked(parameters):
    """Return a correctly signed request with any parameters, valid or not."""
    return sign_request(parameters, address=ADDRESS, key=KEY, now=NOW)


def answer(command, outcome):
    return PROTOCOL.answer(command, outcome, key=KEY, nonce=NONCE)


def decode(command, response, *, require_body_sign=True):
    return PROTOCOL.decode(command, response, key=KEY, require_body_sign=require_body_sign)


def signed(members) -> Response:
    """Return a correctly signed answer with any members, valid or not."""
    return json_answer(members, key=KEY)


# --- strategies ------------------------------------------------------------------------------------------------------

characters = st.characters(exclude_categories=["Cs"])
printable = st.characters(exclude_categories=["Cs", "Cc"])


def text(length: int, *, least: int = 1, alphabet=characters):
    made = st.text(alphabet, min_size=least, max_size=length)
    return made.filter(lambda value: not value or value.strip())


ids = text(64, alphabet=printable)
some_ids = text(64, least=0)
tests = st.booleans()
seconds = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)
buyers = st.builds(Buyer, customer_id=text(100), customer_name=some_ids, user_id=some_ids, user_name=some_ids)
extend_params = st.lists(st.tuples(text(20), text(50, least=0)), max_size=3).map(tuple)
counts = st.none() | st.integers(0, 9_999_999)
by_period = st.builds(
    Purchase,
    product_id=ids,
    sku_code=some_ids,
    period_type=st.sampled_from(["", "year", "month"]),
    period_number=st.none() | st.integers(1, 99),
    quantity=counts,
    expires_at=st.none() | seconds,
    extend_params=extend_params,
)
one_time = st.builds(
    Purchase,
    product_id=ids,
    sku_code=some_ids,
    charging_mode=st.just(ChargingMode.ONE_TIME),
    quantity=counts,
    extend_params=extend_params,
)
commands = st.one_of(
    st.builds(
        Create,
        order_id=ids,
        order_line_id=st.just(""),
        business_id=ids,
        buyer=buyers,
        purchase=by_period | one_time,
        test=tests,
    ),
    st.tuples(ids, ids, seconds, some_ids, tests).map(
        lambda drawn: Refresh(
            instance_id=drawn[0],
            scene=Scene.RENEWAL,
            order_id=drawn[1],
            order_line_id="",
            expires_at=drawn[2],
            product_id=drawn[3],
            purchase=Purchase(product_id=drawn[3], period_type="year", period_number=2, expires_at=drawn[2]),
            test=drawn[4],
        )
    ),
    st.builds(Expire, instance_id=ids, order_id=some_ids, test=tests),
    st.builds(Release, instance_id=ids, order_id=some_ids, test=tests),
)
messages = text(255)


def outcomes(command):
    """Every outcome that the wire can carry for this command."""
    codes = st.from_regex(r"\A[0-9]{6}\Z").filter(lambda code: code not in {"000000", "000004"})
    refusals = st.builds(Rejected, code=codes, message=messages, retryable=st.just(True))
    if isinstance(command, Create):
        done = st.builds(Done, message=messages, instance_id=ids, license=text(2000))
    else:
        done = st.builds(Done, message=messages)
    return done | st.builds(Pending, message=messages) | refusals
