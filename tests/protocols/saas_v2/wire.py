"""Shared by the tests of SaaS 2.0: one key, one time, one exchange, and strategies for all values that the wire can
carry."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import strategies as st

from tradepost.protocols.commands import (
    AppInfo,
    CheckChange,
    Create,
    Done,
    InstanceInfo,
    InstanceStatus,
    Pending,
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
from tradepost.protocols.saas_v2 import PROTOCOL

KEY = "0123456789abcdef0123456789ABCDEF"
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
NONCE = "Of4lsV7H1qrzVDI52O5CFk2ofPcZRaA6"
ADDRESS = "https://isv.example.com/saasproduce"
INSTANCE = "10e758d0-31ad-4c4b-8f1b-81d03469a10e"
ORDER = "CS2211181819B4LVS"
LINE = "CS2211181819B4LVS-000001"


def encode(command):
    return PROTOCOL.encode(command, address=ADDRESS, key=KEY, now=NOW, nonce=NONCE)


def open_(request):
    return PROTOCOL.open(request, key=KEY, now=NOW, nonce_seen=lambda nonce, until: False)


def answer(command, outcome):
    return PROTOCOL.answer(command, outcome, key=KEY, nonce=NONCE)


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
instance_ids = text(64, alphabet=st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=","))
seconds = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)
tests = st.booleans()

commands = st.one_of(
    st.builds(
        Create, order_id=ids, order_line_id=ids, business_id=ids, buyer=st.none(), purchase=st.none(), test=tests
    ),
    st.builds(Query, instance_ids=st.lists(instance_ids, min_size=1, max_size=5).map(tuple), test=tests),
    st.builds(
        Refresh,
        instance_id=ids,
        scene=st.sampled_from(Scene),
        order_id=ids,
        order_line_id=ids,
        expires_at=seconds,
        product_id=text(64, least=0),
        purchase=st.none(),
        test=tests,
    ),
    st.builds(SetStatus, instance_id=ids, status=st.sampled_from(InstanceStatus), order_id=st.just(""), test=tests),
    st.builds(Release, instance_id=ids, order_id=text(64, least=0), order_line_id=text(64, least=0), test=tests),
    st.builds(Upgrade, instance_id=ids, order_id=ids, order_line_id=ids, purchase=st.none(), test=tests),
    st.builds(
        CheckChange,
        instance_id=ids,
        product_id=ids,
        sku_code=ids,
        product_name=text(64),
        linear_value=st.none() | st.integers(-(10**12), 10**12),
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
    related_instance_id=text(64, least=0),
    dashboard_url=text(512, least=0),
)
apps = st.builds(
    AppInfo,
    front_end_url=text(512),
    admin_url=text(512, least=0),
    user_name=text(128, least=0),
    password=text(128, least=0),
    memo=text(1024, least=0),
)


def refusals():
    codes = st.from_regex(r"\A[0-9]{6}\Z").filter(lambda code: code not in {"000000", "000004"})
    return st.builds(Rejected, code=codes, message=messages, retryable=st.just(True))


def outcomes(command):
    """Every outcome that the wire can carry for this command."""
    if isinstance(command, Create):
        done = st.builds(Done, message=messages, instance_id=instance_ids, instances=st.just(()), license=st.just(""))
        pending = st.builds(Pending, message=messages, instance_id=st.just("") | instance_ids)
    elif isinstance(command, Query):
        asked = tuple(dict.fromkeys(command.instance_ids))
        infos = st.tuples(
            *(
                st.builds(
                    InstanceInfo,
                    instance_id=st.just(instance_id),
                    app=st.none() | apps,
                    usage=st.lists(usages, max_size=3).map(tuple),
                )
                for instance_id in asked
            )
        )
        done = st.builds(Done, message=messages, instances=infos, instance_id=st.just(""), license=st.just(""))
        pending = st.builds(Pending, message=messages, instance_id=st.just(""))
    else:
        done = st.builds(Done, message=messages, instance_id=st.just(""), instances=st.just(()), license=st.just(""))
        pending = st.builds(Pending, message=messages, instance_id=st.just(""))
    return done | pending | refusals()
