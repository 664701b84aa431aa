"""The five calls as changes of a directory, on every database: idempotent, one transaction each. People who lose their
rights are signed out.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.kit.joint.directories import (
    NOW,
    all_rows,
    application,
    directory,
    person,
    secrets,
    tenant,
    users,
)
from tradepost.kit.joint import (
    Directory,
    JointSync,
    MemoryDirectory,
    Tenant,
    TenantDepartment,
    User,
)
from tradepost.kit.joint.rows import Session, key_of
from tradepost.protocols.sync_commands import (
    Department,
    SyncAllOrgs,
    SyncApplication,
    SyncAuth,
    SyncFlag,
    SyncOrg,
    SyncTenant,
)
from tradepost.protocols.sync_fields import MAX_USERS

__all__ = ["directory"]


def session(user_name: str = "zhang01", *, tenant_id: str = "t1", app_id: str = "a1") -> Session:
    return Session(
        token_hash=hashlib.sha256(f"{tenant_id} {app_id} {user_name}".encode()).hexdigest(), tenant_id=tenant_id, app_id=app_id, user_name=user_name,
        expires_at=NOW + timedelta(hours=1), confirmed_until=NOW + timedelta(hours=1),
    )  # fmt: skip


def signed_in(kept: Directory, one: Session) -> Session:
    kept.keep_session(one, now=NOW)
    return one


def test_repeated_calls_and_deletes_of_missing_rows_succeed(directory):
    """openapi-jointkit §A.5: on delete, the existence of the provisioned instance is not checked."""
    sync = JointSync(directory, secrets())
    told: list[SyncTenant | SyncApplication | SyncAuth | SyncOrg] = [tenant(), application()]
    told.append(users(person(), person("li02", enabled=False)))
    told.append(
        SyncOrg(tenant_id="t1", instance_id="i1", department=Department(code="D1", name="研发部 🚀"), flag=SyncFlag.ADD)
    )
    for command in told + told:
        sync.apply(command)
    assert {name: len(found) for name, found in all_rows(directory).items()} == {
        "Tenant": 1, "Application": 1, "User": 2, "TenantDepartment": 1,
    }  # fmt: skip
    for command in told + told:
        sync.apply(replace(command, flag=SyncFlag.DELETE))
    sync.apply(tenant(instance="never seen", flag=SyncFlag.DELETE))
    assert not any(all_rows(directory).values())


def test_ids_are_compared_with_case_and_blanks(directory):
    sync = JointSync(directory, secrets())
    for tenant_id in ("t1", "T1", "t1 "):
        sync.apply(tenant(tenant_id=tenant_id))
    assert [row.tenant_id for row in directory.rows(Tenant)] == ["T1", "t1", "t1 "]
    assert [row.tenant_id for row in directory.rows(Tenant, "t1")] == ["t1"]


def test_all_departments_replace_only_those_of_their_binding(directory):
    """openapi-jointkit §A.9."""
    sync = JointSync(directory, secrets())
    for instance in ("i1", "i2"):
        found = tuple(Department(code=f"D{number}", name="x") for number in range(3))
        sync.apply(SyncAllOrgs(instance_id=instance, tenant_id="t1", departments=found))
    sync.apply(SyncAllOrgs(instance_id="i1", tenant_id="t1", departments=(Department(code="D9", name="y"),)))
    assert [key_of(row)[1:] for row in directory.rows(TenantDepartment)] == [
        ("D0", "i2"), ("D1", "i2"), ("D2", "i2"), ("D9", "i1"),
    ]  # fmt: skip


def test_five_hundred_people_are_one_transaction(directory):
    """openapi-jointkit §A.7: at most 500 users per call. A failure in the middle changes nothing."""
    sync = JointSync(directory, secrets())
    everybody = [person(f"user{number:03}") for number in range(MAX_USERS)]
    sync.apply(users(*everybody))
    assert len(directory.rows(User)) == MAX_USERS

    def fails(changes):
        changes.drop(
            User, [key_of(row) for row in directory.rows(User)] if isinstance(directory, MemoryDirectory) else []
        )
        changes.put([replace(row, name="changed") for row in rows])
        raise RuntimeError("in the middle")

    rows = directory.rows(User)
    with pytest.raises(RuntimeError):
        directory.change(fails)
    assert directory.rows(User) == rows
    sync.apply(users(*everybody, flag=SyncFlag.DELETE))
    assert directory.rows(User) == []


def test_cancelled_people_remain_known_and_cannot_sign_in_after_changes(directory):
    """openapi-jointkit §A.7: 3 cancels the authorisation; how it differs from 0 is not documented."""
    sync = JointSync(directory, secrets())
    sync.apply(users(person()))
    sync.apply(users(person(), person("stranger"), flag=SyncFlag.CANCEL_AUTHORISATION))
    sync.apply(users(person(admin=True), flag=SyncFlag.MODIFY))
    (kept,) = directory.rows(User)
    assert (kept.user_name, kept.admin, kept.authorised, kept.allowed) == ("zhang01", True, False, False)
    sync.apply(users(person()))
    (kept,) = directory.person("t1", "a1", "zhang01")
    assert kept.allowed


@pytest.mark.parametrize(
    "taken",
    [
        users(person(), flag=SyncFlag.DELETE),
        users(person(), flag=SyncFlag.CANCEL_AUTHORISATION),
        users(person(enabled=False), flag=SyncFlag.MODIFY),
        users(person(enabled=False)),
        tenant(flag=SyncFlag.DELETE),
        "application",
    ],
    ids=["deleted", "cancelled", "disabled", "added-disabled", "tenant-gone", "application-gone"],
)
def test_person_without_rights_is_signed_out_at_once(directory, taken):
    """openapi-jointkit §A.7: ``enable``, flags 0 and 3."""
    sync = JointSync(directory, secrets())
    for command in (tenant(), application(), users(person(), person("li02")), tenant(tenant_id="t2")):
        sync.apply(command)
    sync.apply(application(tenant_id="t2"))
    sync.apply(users(person(), tenant_id="t2"))
    out, stays = signed_in(directory, session()), signed_in(directory, session(tenant_id="t2"))
    beside = signed_in(directory, session("li02"))
    sync.apply(application(flag=SyncFlag.DELETE) if taken == "application" else taken)
    assert directory.session(out.token_hash) is None
    assert directory.session(stays.token_hash) == stays
    assert (directory.session(beside.token_hash) is None) is (taken in {"application", tenant(flag=SyncFlag.DELETE)})


def test_person_with_rights_in_another_instance_stays_signed_in(directory):
    """openapi-jointkit §B.1: with multi-instance binding several orders bind one enterprise."""
    sync = JointSync(directory, secrets())
    for instance in ("i1", "i2"):
        for command in (tenant(instance=instance), application(instance=instance), users(person(), instance=instance)):
            sync.apply(command)
    kept = signed_in(directory, session())
    sync.apply(users(person(), instance="i1", flag=SyncFlag.DELETE))
    assert directory.session(kept.token_hash) == kept
    sync.apply(tenant(instance="i2", flag=SyncFlag.DELETE))
    assert directory.session(kept.token_hash) is None


def test_client_of_an_instance_precedes_that_of_the_credential(directory):
    sync = JointSync(directory, secrets())
    for instance in ("", "i2", "i1"):
        sync.apply(application(instance=instance, client_id=f"client-{instance}"))
    assert directory.clients("t1", "a1") == []
    for instance in ("", "i2"):
        sync.apply(tenant(instance=instance))
    assert [client.application.client_id for client in directory.clients("t1", "a1")] == ["client-i2", "client-"]
    assert directory.clients("t1", "a2") == []


def test_sessions_end_and_are_renewed_once(directory):
    one = signed_in(directory, session())
    with ThreadPoolExecutor(8) as threads:
        until = NOW + timedelta(seconds=30)
        claims = list(threads.map(lambda _: directory.claim_renewal(one.token_hash, now=NOW, until=until), range(8)))
    assert sorted(claims) == [False] * 7 + [True]
    later = NOW + timedelta(hours=2)
    assert directory.claim_renewal(one.token_hash, now=until, until=later)
    directory.renew_session(one.token_hash, confirmed_until=later, sealed_tokens="sealed")
    assert directory.session(one.token_hash) == replace(one, confirmed_until=later, sealed_tokens="sealed")
    assert directory.claim_renewal(one.token_hash, now=NOW, until=until)
    assert not directory.claim_renewal("nobody", now=NOW, until=until)
    # Expired sessions are deleted when another starts.
    directory.keep_session(session("li02"), now=one.expires_at)
    assert directory.session(one.token_hash) is None
    directory.end_session(session("li02").token_hash)
    assert directory.session(session("li02").token_hash) is None
    directory.renew_session(one.token_hash, confirmed_until=later, sealed_tokens="")
    assert directory.session(one.token_hash) is None


def test_parallel_calls_lose_no_rows(directory):
    sync = JointSync(directory, secrets())
    batches = [users(*(person(f"u{number}-{batch}") for number in range(20)), person("shared")) for batch in range(6)]
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(sync.apply, batches))
        list(threads.map(sync.apply, [replace(batch, flag=SyncFlag.MODIFY) for batch in batches]))
    assert len(directory.rows(User)) == 121
