"""Shared by the tests of both joint-operation generations: a command of each kind, and strategies for all of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from tests.protocols.exchange import ids, optional_ids, text
from tradepost.protocols.commands import Done, Rejected
from tradepost.protocols.sync_commands import (
    Department,
    SyncAllOrgs,
    SyncApplication,
    SyncAuth,
    SyncedUser,
    SyncFlag,
    SyncOrg,
    SyncTenant,
)

KIT_KEY = "kitAccessKeyExample01"
AT = datetime(2025, 1, 1, tzinfo=UTC)
"""1735689600000 ms; 20250101080000000 in Beijing."""

TENANT = SyncTenant(
    instance_id="inst-0001",
    order_id="CS2501010000ABCDE",
    tenant_id="tenant-0001",
    tenant_code="acme",
    name="Acme Ltd",
    domain_name="https://acme.example-auth.com",
    flag=SyncFlag.ADD,
)
APPLICATION = SyncApplication(
    instance_id="inst-0001",
    tenant_id="tenant-0001",
    app_id="app-0001",
    client_id="NzZeWuiJa91dPSRd",
    encrypted_secret="bm90IGEgcmVhbCBjaXBoZXJ0ZXh0",
    flag=SyncFlag.ADD,
)
USER = SyncedUser(
    user_name="zhang01",
    name="张三",
    org_code="D100",
    admin=True,
    enabled=True,
    position="Ops",
    employee_code="E7",
    employee_type=1,
    work_place="Nanjing",
    entry_date="2022-11-9",
    extension=(("cost center", "CC-9"),),
)
AUTH = SyncAuth(
    instance_id="inst-0001",
    tenant_id="tenant-0001",
    app_id="app-0001",
    users=(USER, SyncedUser(user_name="li02", name="Li", org_code="D101", admin=False, enabled=False)),
    synced_at=AT + timedelta(seconds=2),
    flag=SyncFlag.ADD,
)
ORG = SyncOrg(
    instance_id="inst-0001",
    tenant_id="tenant-0001",
    department=Department(code="D101", name="QA", parent_code="D100"),
    flag=SyncFlag.ADD,
)
ALL_ORGS = SyncAllOrgs(
    tenant_id="tenant-0001",
    departments=(Department(code="D100", name="总部"), Department(code="D101", name="QA", parent_code="D100")),
    test=True,
)
EXCHANGES = (
    ("openapi-jointkit §A.5", TENANT, Done(message="success.")),
    ("openapi-jointkit §A.6", APPLICATION, Rejected(code="000101", message="the secret cannot be decrypted")),
    ("openapi-jointkit §A.7", AUTH, Done()),
    ("openapi-jointkit §A.8", ORG, Done()),
    ("openapi-jointkit §A.9", ALL_ORGS, Done()),
)

moments = st.datetimes(datetime(1000, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
departments = st.builds(Department, code=ids, name=text(128), parent_code=optional_ids)
users = st.builds(
    SyncedUser,
    user_name=ids,
    name=ids,
    org_code=ids,
    admin=st.booleans(),
    enabled=st.booleans(),
    position=optional_ids,
    employee_code=optional_ids,
    employee_type=st.none() | st.integers(0, 10**11 - 1),
    mobile=text(32, least=0),
    email=text(128, least=0),
    work_place=text(256, least=0),
    entry_date=text(20, least=0),
    extension=st.dictionaries(text(10), text(10, least=0), max_size=2).map(lambda found: tuple(sorted(found.items()))),
)
TESTS = st.booleans()


def commands(*, tenants: int, auths: int):
    """Return every command that a generation can carry, given its number of flags for tenants and for users."""
    tenant_flags = st.sampled_from([SyncFlag(number) for number in range(tenants)])
    user_flags = st.sampled_from([SyncFlag(number) for number in range(auths)])
    org_flags = st.sampled_from([SyncFlag.DELETE, SyncFlag.ADD, SyncFlag.MODIFY])
    return st.one_of(
        st.builds(
            SyncTenant,
            instance_id=optional_ids,
            order_id=optional_ids,
            tenant_id=ids,
            tenant_code=ids,
            name=text(255),
            domain_name=text(255),
            flag=tenant_flags,
            test=TESTS,
        ),
        st.builds(
            SyncApplication,
            instance_id=optional_ids,
            tenant_id=ids,
            app_id=ids,
            client_id=ids,
            encrypted_secret=text(600),
            flag=tenant_flags,
            test=TESTS,
        ),
        st.builds(
            SyncAuth,
            instance_id=optional_ids,
            tenant_id=ids,
            app_id=ids,
            users=st.lists(users, max_size=3).map(tuple),
            synced_at=moments,
            flag=user_flags,
            test=TESTS,
        ),
        st.builds(SyncOrg, instance_id=optional_ids, tenant_id=ids, department=departments, flag=org_flags, test=TESTS),
        st.builds(
            SyncAllOrgs,
            instance_id=optional_ids,
            tenant_id=ids,
            departments=st.lists(departments, max_size=3).map(tuple),
            test=TESTS,
        ),
    )
