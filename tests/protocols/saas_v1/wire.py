"""Shared by the tests of SaaS 1.0: one key, one time, one exchange, and strategies for all values that the wire can
carry."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import strategies as st

from tradepost.protocols.commands import (
    AppInfo,
    Buyer,
    ChargingMode,
    Create,
    Done,
    Encryption,
    Expire,
    InstanceInfo,
    InstanceStatus,
    Pending,
    Purchase,
    Query,
    Refresh,
    Rejected,
    Release,
    Scene,
    SetStatus,
    Upgrade,
    UsageInfo,
)
from tradepost.protocols.http import Response
from tradepost.protocols.json_answer import json_answer
from tradepost.protocols.saas_v1 import PROTOCOL
from tradepost.protocols.signed_query import sign_request

KEY = "test-access-key-0001"
NOW = datetime(2026, 7, 1, 12, 0, 0, 123000, tzinfo=UTC)
NONCE = "Of4lsV7H1qrzVDI52O5CFk2ofPcZRaA6"
ADDRESS = "https://isv.example.com/saasproduce"
INSTANCE = "10e758d0-31ad-4c4b-8f1b-81d03469a10e"
BUSINESS = "61e834ba-7b97-4418-b8f7-e5345137278c"
ORDER = "CS1906666666ABCDE"
PRODUCT = "00301-666666-0--0"
SKU = "d0abcd12-1234-5678-ab12-11ab111a1a1a"


def encode(command, *, nonce=NONCE):
    return PROTOCOL.encode(command, address=ADDRESS, key=KEY, now=NOW, nonce=nonce)


def open_(request):
    return PROTOCOL.open(request, key=KEY, now=NOW, nonce_seen=lambda nonce, until: False)


def asked(parameters):
    """Return a correctly signed request with any parameters, valid or not."""
    return sign_request(parameters, address=ADDRESS, key=KEY, now=NOW)


def answer(command, outcome, *, nonce=NONCE):
    return PROTOCOL.answer(command, outcome, key=KEY, nonce=nonce)


def decode(command, response, *, require_body_sign=True):
    return PROTOCOL.decode(command, response, key=KEY, require_body_sign=require_body_sign)


def signed(members) -> Response:
    """Return a correctly signed answer with any members, valid or not."""
    return json_answer(members, key=KEY)


# --- strategies ------------------------------------------------------------------------------------------------------

characters = st.characters(exclude_categories=["Cs"])


def text(length: int, *, least: int = 1, alphabet=characters):
    made = st.text(alphabet, min_size=least, max_size=length)
    return made.filter(lambda value: not value or value.strip())


ids = text(64)
some_ids = text(64, least=0)
instance_ids = text(64, alphabet=st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=","))
seconds = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)
tests = st.booleans()
amounts = st.integers(0, 10**15 - 1).map(lambda mills: Decimal(mills).scaleb(-3))
counts = st.none() | st.integers(0, 9_999_999)
buyers = st.builds(
    Buyer,
    customer_id=text(100),
    customer_name=some_ids,
    user_id=some_ids,
    user_name=some_ids,
    mobile_phone=text(20, least=0),
    email=text(60, least=0),
)
extend_params = st.lists(st.tuples(text(20), text(50, least=0)), max_size=3).map(tuple)
_linear = {"quantity": counts, "disk_size": counts, "band_width": counts}


def purchases(mode):
    by_period = mode is ChargingMode.PERIOD
    expiries = {
        ChargingMode.PERIOD: st.none() | seconds,
        ChargingMode.ON_DEMAND_PKG: seconds,
    }
    return st.builds(
        Purchase,
        product_id=ids,
        sku_code=some_ids,
        charging_mode=st.just(mode),
        period_type=st.sampled_from(["", "year", "month", "day"]) if by_period else st.just(""),
        period_number=st.none() | st.integers(1, 99_999) if by_period else st.none(),
        trial=tests,
        started_at=st.none() | seconds,
        expires_at=expiries.get(mode, st.none()),
        amount=st.none() | amounts,
        extend_params=extend_params,
        **_linear,
    )


creations = st.builds(
    Create,
    order_id=ids,
    order_line_id=st.just(""),
    business_id=ids,
    buyer=buyers,
    purchase=st.sampled_from(ChargingMode).flatmap(purchases),
    test=tests,
    encryption=st.just(Encryption.AES256),
)


def _refresh(command: Refresh, scene: Scene, paid: Decimal) -> Refresh:
    """The purchase matches the refresh, and the sign of its amount matches the scene."""
    cancelled = scene is Scene.UNSUBSCRIBE_RENEWAL_PERIOD
    bought = Purchase(
        product_id=command.product_id,
        period_type="month",
        period_number=3,
        expires_at=command.expires_at,
        amount=-paid if cancelled else paid,
    )
    return replace(command, scene=scene, purchase=bought)


refreshes = st.builds(
    _refresh,
    st.builds(
        Refresh,
        instance_id=ids,
        scene=st.just(Scene.RENEWAL),
        order_id=ids,
        order_line_id=st.just(""),
        expires_at=seconds,
        product_id=some_ids,
        test=tests,
    ),
    st.sampled_from([Scene.RENEWAL, Scene.TRIAL_TO_FORMAL, Scene.UNSUBSCRIBE_RENEWAL_PERIOD]),
    amounts.filter(bool),
)
commands = st.one_of(
    creations,
    refreshes,
    st.builds(Query, instance_ids=st.lists(instance_ids, min_size=1, max_size=5).map(tuple), test=tests),
    st.builds(Expire, instance_id=ids, order_id=some_ids, test=tests),
    st.builds(SetStatus, instance_id=ids, status=st.sampled_from(InstanceStatus), order_id=st.just(""), test=tests),
    st.builds(
        Release, instance_id=ids, order_id=some_ids, order_line_id=st.just(""), amount=st.none() | amounts, test=tests
    ),
    st.builds(
        Upgrade,
        instance_id=ids,
        order_id=ids,
        order_line_id=st.just(""),
        purchase=st.builds(Purchase, product_id=ids, sku_code=ids, extend_params=extend_params, **_linear),
        test=tests,
    ),
)

messages = text(255)
usages = st.builds(
    UsageInfo,
    value=st.integers(0, 10**12 - 1).map(lambda steps: Decimal(steps).scaleb(-4)),
    at=st.datetimes(timezones=st.just(UTC)).map(
        lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    ),
    related_instance_id=some_ids,
    dashboard_url=text(512, least=0),
)
# 19 characters of 4 bytes are 76, and 79 fit.
apps = st.builds(
    AppInfo,
    front_end_url=text(512),
    admin_url=text(512, least=0),
    user_name=st.text(characters, max_size=19),
    password=st.text(characters, max_size=19),
    memo=text(1024, least=0),
)


def refusals():
    codes = st.from_regex(r"\A[0-9]{6}\Z").filter(lambda code: code not in {"000000", "000004"})
    return st.builds(Rejected, code=codes, message=messages, retryable=st.just(True))


def _infos(instance_ids):
    return st.tuples(
        *(
            st.builds(
                InstanceInfo,
                instance_id=st.just(instance_id),
                app=st.none() | apps,
                usage=st.lists(usages, max_size=3).map(tuple),
            )
            for instance_id in instance_ids
        )
    )


def _created(instance_id: str, app: AppInfo | None, message: str) -> Done:
    instances = () if app is None else (InstanceInfo(instance_id=instance_id, app=app),)
    return Done(message=message, instance_id=instance_id, instances=instances)


def outcomes(command):
    """Every outcome that the wire can carry for this command."""
    if isinstance(command, Create):
        done = st.builds(_created, instance_ids, st.none() | apps, messages)
    elif isinstance(command, Query):
        infos = _infos(dict.fromkeys(command.instance_ids))
        done = st.builds(Done, message=messages, instances=infos)
    else:
        done = st.builds(Done, message=messages)
    return done | st.builds(Pending, message=messages) | refusals()
