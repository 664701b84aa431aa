"""Any calls with any repeats leave the rows that the specification requires, in each kind of directory."""

from __future__ import annotations

from collections.abc import Iterable
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit.joint.directories import (
    NOW,
    PlainSecrets,
    all_rows,
    open_directory,
)
from tradepost.kit.joint import (
    Application,
    Directory,
    JointSync,
    MemoryDirectory,
    Tenant,
    TenantDepartment,
    User,
)
from tradepost.protocols.commands import Command
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

ids = st.sampled_from(["", "i1", "i2"])
tenant_ids = st.sampled_from(["t1", "T1 "])
app_ids = st.sampled_from(["a1", "a2"])
names = st.sampled_from(["x", "研发部", "X"])
codes = st.sampled_from(["D1", "d1", "D2"])
flags = st.sampled_from([SyncFlag.DELETE, SyncFlag.ADD, SyncFlag.MODIFY])
departments = st.builds(Department, code=codes, name=names, parent_code=st.sampled_from(["", "D1"]))
people = st.builds(
    SyncedUser,
    user_name=st.sampled_from(["zhang01", "Zhang01", "li02"]),
    name=names,
    org_code=codes,
    admin=st.booleans(),
    enabled=st.booleans(),
    mobile=st.sampled_from(["", "13800138000"]),
    extension=st.sampled_from([(), (("cost center", "CC-9"),)]),
)
calls = st.one_of(
    st.builds(SyncTenant, instance_id=ids, tenant_id=tenant_ids, tenant_code=names, name=names, domain_name=names, flag=flags),
    st.builds(
        SyncApplication, instance_id=ids, tenant_id=tenant_ids, app_id=app_ids, client_id=names,
        encrypted_secret=st.sampled_from(["s1", "s2"]), flag=flags,
    ),
    st.builds(
        SyncAuth, instance_id=ids, tenant_id=tenant_ids, app_id=app_ids, users=st.lists(people, max_size=3).map(tuple),
        synced_at=st.just(NOW), flag=st.sampled_from(SyncFlag),
    ),
    st.builds(SyncOrg, instance_id=ids, tenant_id=tenant_ids, department=departments, flag=flags),
    st.builds(SyncAllOrgs, instance_id=ids, tenant_id=tenant_ids, departments=st.lists(departments, max_size=3).map(tuple)),
)  # fmt: skip


def expected_rows(told: Iterable[Command]) -> dict[str, set[tuple[object, ...]]]:
    """Return the rows that openapi-jointkit §A.5 to §A.9 require, computed without the code under test."""
    tenants: dict[tuple[str, str], tuple[str, ...]] = {}
    apps: dict[tuple[str, str, str], tuple[str, ...]] = {}
    users_: dict[tuple[str, str, str, str], tuple[SyncedUser, bool]] = {}
    orgs: dict[tuple[str, str, str], tuple[str, ...]] = {}
    for one in told:
        match one:
            case SyncTenant(flag=SyncFlag.DELETE):
                bound = (one.instance_id, one.tenant_id)
                tenants = {key: row for key, row in tenants.items() if key != bound}
                apps = {key: row for key, row in apps.items() if key[:2] != bound}
                users_ = {key: found for key, found in users_.items() if key[:2] != bound}
                orgs = {key: row for key, row in orgs.items() if key[:2] != bound}
            case SyncTenant():
                tenants[one.instance_id, one.tenant_id] = (one.tenant_code, one.name, one.domain_name)
            case SyncApplication(flag=SyncFlag.DELETE):
                apps.pop((one.instance_id, one.tenant_id, one.app_id), None)
            case SyncApplication():
                apps[one.instance_id, one.tenant_id, one.app_id] = (one.client_id, one.encrypted_secret)
            case SyncAuth():
                before = dict(users_)
                for user in one.users:
                    key = (one.instance_id, one.tenant_id, one.app_id, user.user_name)
                    if one.flag is SyncFlag.DELETE:
                        users_.pop(key, None)
                    elif one.flag is SyncFlag.CANCEL_AUTHORISATION:
                        if key in before:
                            users_[key] = (before[key][0], False)
                    else:
                        given = one.flag is SyncFlag.ADD or key not in before or before[key][1]
                        users_[key] = (user, given)
            case SyncOrg(flag=SyncFlag.DELETE):
                orgs.pop((one.instance_id, one.tenant_id, one.department.code), None)
            case SyncOrg():
                orgs[one.instance_id, one.tenant_id, one.department.code] = (
                    one.department.name,
                    one.department.parent_code,
                )
            case SyncAllOrgs():
                orgs = {key: row for key, row in orgs.items() if key[:2] != (one.instance_id, one.tenant_id)}
                for found in one.departments:
                    orgs[one.instance_id, one.tenant_id, found.code] = (found.name, found.parent_code)
    return {
        "Tenant": {(*key, *row) for key, row in tenants.items()},
        "Application": {(*key, *row) for key, row in apps.items()},
        "User": {
            (*key, user.name, user.org_code, user.admin, user.enabled, given, user.mobile, user.extension)
            for key, (user, given) in users_.items()
        },
        "TenantDepartment": {(*key, *row) for key, row in orgs.items()},
    }  # fmt: skip


def kept_rows(kept: Directory) -> dict[str, set[tuple[object, ...]]]:
    return {
        "Tenant": {(r.instance_id, r.tenant_id, r.code, r.name, r.domain) for r in kept.rows(Tenant)},
        "Application": {(r.instance_id, r.tenant_id, r.app_id, r.client_id, r.kept_secret) for r in kept.rows(Application)},
        "User": {
            (r.instance_id, r.tenant_id, r.app_id, r.user_name, r.name, r.org_code, r.admin, r.enabled, r.authorised,
             r.details.get("mobile", ""), tuple(dict(r.details.get("extension", {})).items()))  # type: ignore[call-overload]
            for r in kept.rows(User)
        },
        "TenantDepartment": {(r.instance_id, r.tenant_id, r.code, r.name, r.parent_code) for r in kept.rows(TenantDepartment)},
    }  # fmt: skip


with_repeats = st.lists(st.tuples(calls, st.integers(1, 3)), max_size=12)


@given(with_repeats)
@settings(max_examples=60, deadline=None)
def test_calls_and_repeats_leave_the_expected_rows(told):
    """openapi-jointkit §A.5 to §A.9: a repeat adds nothing, a repeated delete succeeds, allOrgSync replaces."""
    kept = MemoryDirectory()
    sync = JointSync(kept, PlainSecrets())
    for command, times in told:
        for _ in range(times):
            sync.apply(command)
    assert kept_rows(kept) == expected_rows(command for command, _ in told)


@given(with_repeats)
@settings(max_examples=6, deadline=None)
def test_each_kind_of_directory_has_the_same_rows(told):
    with TemporaryDirectory() as folder:
        kept = [
            MemoryDirectory(),
            open_directory("sqlite3", f"{folder}/a.db"),
            open_directory("sqlalchemy-sqlite", f"sqlite:///{folder}/b.db"),
        ]
        for one in kept:
            for command, times in told:
                for _ in range(times):
                    JointSync(one, PlainSecrets()).apply(command)
        first, *others = [all_rows(one) for one in kept]
        assert [other == first for other in others] == [True, True]
        kept[2].engine.dispose()  # type: ignore[attr-defined]  # it is on SQLAlchemy
