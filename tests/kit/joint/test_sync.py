"""The five calls as changes of a directory: exactly idempotent, one transaction each, and who loses the right to sign in is signed out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kit import wire
from tests.kit.joint.directories import (
    NOW,
    application,
    directory,
    open_directory,
    pair,
    person,
    secrets,
    tenant,
    users,
)
from tradepost.kit import Reject, Seller
from tradepost.kit.joint import (
    Application,
    ClientSecrets,
    Directory,
    JointSync,
    MemoryDirectory,
    Tenant,
    TenantDepartment,
    User,
)
from tradepost.kit.joint.rows import Session, key_of
from tradepost.protocols import registry
from tradepost.protocols.client_secret import Digests, encrypt
from tradepost.protocols.commands import CallResult, Command, Done, Rejected
from tradepost.protocols.http import Request
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
from tradepost.protocols.sync_fields import MAX_USERS

__all__ = ["directory"]

KEPT = (Tenant, Application, User, TenantDepartment)
GOLDEN = Path(__file__).parents[3] / "src/tradepost/protocols"


def all_rows(kept: Directory) -> dict[str, list[object]]:
    return {kind.__name__: list(kept.rows(kind)) for kind in KEPT}


def session(user_name: str = "zhang01", *, tenant_id: str = "t1", app_id: str = "a1") -> Session:
    return Session(
        token_hash=hashlib.sha256(f"{tenant_id} {app_id} {user_name}".encode()).hexdigest(), tenant_id=tenant_id, app_id=app_id, user_name=user_name,
        expires_at=NOW + timedelta(hours=1), confirmed_until=NOW + timedelta(hours=1),
    )  # fmt: skip


def signed_in(kept: Directory, one: Session) -> Session:
    kept.keep_session(one, now=NOW)
    return one


# --- the fold ----------------------------------------------------------------------------------------------------------

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


class AsTheyCame(ClientSecrets):
    """The fold is about rows; what is encrypted is tested below."""

    def received(self, encrypted: str) -> str:
        return encrypted


def folded(told: Iterable[Command]) -> dict[str, set[tuple[object, ...]]]:
    """The rows that openapi-jointkit §A.5 to §A.9 ask for, written without the code under test."""
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
def test_calls_and_their_repeats_leave_the_fold_of_the_calls(told):
    """openapi-jointkit §A.5 to §A.9: a repeat adds nothing, a repeated delete succeeds, allOrgSync replaces."""
    kept = MemoryDirectory()
    sync = JointSync(kept, AsTheyCame())
    for command, times in told:
        for _ in range(times):
            sync.apply(command)
    assert kept_rows(kept) == folded(command for command, _ in told)


@given(with_repeats)
@settings(max_examples=6, deadline=None)
def test_each_kind_of_directory_keeps_the_same(told):
    with TemporaryDirectory() as folder:
        kept = [
            MemoryDirectory(),
            open_directory("sqlite3", f"{folder}/a.db"),
            open_directory("sqlalchemy-sqlite", f"sqlite:///{folder}/b.db"),
        ]
        for one in kept:
            for command, times in told:
                for _ in range(times):
                    JointSync(one, AsTheyCame()).apply(command)
        first, *others = [all_rows(one) for one in kept]
        assert [other == first for other in others] == [True, True]
        kept[2].engine.dispose()  # type: ignore[attr-defined]  # it is on SQLAlchemy


# --- on every database -------------------------------------------------------------------------------------------------


def test_a_call_may_come_again_and_a_delete_of_what_is_gone_succeeds(directory):
    """openapi-jointkit §A.5: on delete nobody checks that the provisioned instance still exists."""
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


def test_ids_are_compared_with_their_case_and_blanks(directory):
    sync = JointSync(directory, secrets())
    for tenant_id in ("t1", "T1", "t1 "):
        sync.apply(tenant(tenant_id=tenant_id))
    assert [row.tenant_id for row in directory.rows(Tenant)] == ["T1", "t1", "t1 "]
    assert [row.tenant_id for row in directory.rows(Tenant, "t1")] == ["t1"]


def test_all_departments_replace_those_of_their_binding_alone(directory):
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
    """openapi-jointkit §A.7: at most 500 users a call. What fails in the middle has changed nothing."""
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


def test_cancelled_people_stay_known_and_changed_data_lets_nobody_in_again(directory):
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
def test_who_may_no_longer_sign_in_is_signed_out_at_once(directory, taken):
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


def test_who_another_instance_lets_in_stays(directory):
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


def test_clients_of_an_instance_come_before_that_of_the_credential(directory):
    sync = JointSync(directory, secrets())
    for instance in ("", "i2", "i1"):
        sync.apply(application(instance=instance, client_id=f"client-{instance}"))
    assert directory.clients("t1", "a1") == []
    for instance in ("", "i2"):
        sync.apply(tenant(instance=instance))
    assert [client.application.client_id for client in directory.clients("t1", "a1")] == ["client-i2", "client-"]
    assert directory.clients("t1", "a2") == []


def test_sessions_end_and_are_renewed_by_one(directory):
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
    # Those that are over go when another begins.
    directory.keep_session(session("li02"), now=one.expires_at)
    assert directory.session(one.token_hash) is None
    directory.end_session(session("li02").token_hash)
    assert directory.session(session("li02").token_hash) is None
    directory.renew_session(one.token_hash, confirmed_until=later, sealed_tokens="")
    assert directory.session(one.token_hash) is None


def test_calls_at_the_same_moment_lose_nothing(directory):
    sync = JointSync(directory, secrets())
    batches = [users(*(person(f"u{number}-{batch}") for number in range(20)), person("shared")) for batch in range(6)]
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(sync.apply, batches))
        list(threads.map(sync.apply, [replace(batch, flag=SyncFlag.MODIFY) for batch in batches]))
    assert len(directory.rows(User)) == 121


# --- the client secret -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("digests", Digests)
def test_a_secret_of_any_digests_is_read_and_kept_as_it_came(digests):
    """openapi-jointkit §A.6: (SHA-256, MGF1-SHA-1), (256, 256), (1, 1)."""
    kept = MemoryDirectory()
    encrypted = encrypt("s3cret", pair().public, digests=digests)
    JointSync(kept, secrets()).apply(replace(application(), encrypted_secret=encrypted))
    (row,) = kept.rows(Application)
    assert row.kept_secret == encrypted
    assert secrets().plain(row.kept_secret) == "s3cret"
    assert "s3cret" not in repr(row)


def test_a_secret_that_cannot_be_read_is_refused_and_changes_nothing(caplog):
    kept = MemoryDirectory()
    sync = JointSync(kept, secrets())
    sync.apply(application(secret="first"))
    for wrong in (
        replace(application(), encrypted_secret="AAAA"),
        replace(application(), encrypted_secret="no Base64!"),
    ):
        with pytest.raises(Reject, match="000101"):
            sync.apply(wrong)
    (row,) = kept.rows(Application)
    assert secrets().plain(row.kept_secret) == "first"
    with pytest.raises(Reject, match="no key to read"):
        JointSync(kept, ClientSecrets()).apply(application())
    assert "The private key of the credential is" in caplog.text
    # Deleting needs no secret: it may have been made for another key.
    sync.apply(replace(application(), encrypted_secret="AAAA", flag=SyncFlag.DELETE))
    assert kept.rows(Application) == []


def test_a_seller_chooses_how_secrets_are_kept():
    chosen = ClientSecrets(
        "not the key", pair().private, seal=lambda plain: plain[::-1], unseal=lambda kept: kept[::-1]
    )
    kept = MemoryDirectory()
    with pytest.raises(Reject):
        JointSync(kept, chosen).apply(application())
    chosen = ClientSecrets(pair().private, seal=lambda plain: plain[::-1], unseal=lambda kept: kept[::-1])
    JointSync(kept, chosen).apply(application(secret="s3cret"))
    (row,) = kept.rows(Application)
    assert (row.kept_secret, chosen.plain(row.kept_secret)) == ("terc3s", "s3cret")
    with pytest.raises(ValueError, match="both seal and unseal"):
        ClientSecrets(seal=str)


# --- over the wire -----------------------------------------------------------------------------------------------------


def ask(seller: Seller, protocol: str, command: Command) -> CallResult:
    spoken = registry.protocol(protocol)
    request = spoken.encode(command, address="https://s.example.com", key="k" * 32, now=NOW, nonce=wire.nonce())
    return spoken.decode(command, seller.respond(request, NOW, "n" * 32), key="k" * 32)


def joint_seller(folder: Path, kept: Directory, protocol: str, chosen: ClientSecrets | None = None) -> Seller:
    seller = Seller(store=folder / "seller.db", key="k" * 32, protocols=(protocol,))
    JointSync(kept, chosen or secrets()).take(seller)
    return seller


@pytest.mark.parametrize("protocol", ["joint_kit_v1", "joint_kit_v2"])
def test_a_debug_call_shows_whether_the_secret_is_read_and_keeps_nothing(tmp_path, protocol):
    """openapi-jointkit §A.6: the call counts as correct when the seller recovers the text that was typed."""
    kept = MemoryDirectory()
    seller = joint_seller(tmp_path, kept, protocol)
    right = replace(application(instance=""), test=True)
    assert isinstance(ask(seller, protocol, right), Done)
    wrong = ask(seller, protocol, replace(right, encrypted_secret="AAAA"))
    assert isinstance(wrong, Rejected)
    assert wrong.code == "000101"
    for command in (replace(tenant(), test=True), replace(users(person()), test=True)):
        assert isinstance(ask(seller, protocol, command), Done)
    assert not any(all_rows(kept).values())


@pytest.mark.parametrize("protocol", ["joint_kit_v1", "joint_kit_v2"])
def test_the_golden_requests_are_kept(tmp_path, protocol):
    kept = MemoryDirectory()
    for path in sorted((GOLDEN / protocol / "golden").glob("*.json")):
        golden = json.loads(path.read_text(encoding="utf-8"))
        # A seller each: all golden requests have one nonce.
        seller = Seller(store=tmp_path / f"{path.stem}.db", key=golden["key"], protocols=(protocol,))
        JointSync(kept, AsTheyCame()).take(seller)
        method, target, _ = golden["request"]["line"].split(" ")
        headers = tuple(golden["request"]["headers"].items())
        request = Request(method, f"https://isv.example.com{target}", headers, golden["request"]["body"].encode())
        now = NOW.fromisoformat(golden["now"])
        body = json.loads(seller.respond(request, now, "n" * 32).body)
        assert body["resultCode"] == "000000", (path.name, body)
    assert [(row.code, row.domain) for row in kept.rows(Tenant)] == [("acme", "https://acme.example-auth.com")]
    zhang, li = sorted(kept.rows(User), key=lambda row: row.user_name != "zhang01")
    assert (zhang.admin, zhang.allowed, li.admin, li.allowed) == (True, True, False, False)
    assert zhang.details["entry_date"] == "2022-11-9"
    assert zhang.details["extension"] == {"cost center": "CC-9"}
    # singleOrgSync is of an instance; allOrgSync of the credential is a test call, which keeps nothing.
    assert [row.code for row in kept.rows(TenantDepartment)] == ["D101"]
