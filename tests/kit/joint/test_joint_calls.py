"""Client secrets, and the calls of both generations over the wire: debug calls and the golden requests."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.kit import wire
from tests.kit.joint.directories import (
    NOW,
    PlainSecrets,
    all_rows,
    application,
    key_pair,
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
from tradepost.kit.wsgi import BODY_LIMIT
from tradepost.protocols import registry
from tradepost.protocols.client_secret import Digests, encrypt
from tradepost.protocols.commands import CallResult, Command, Done, Rejected
from tradepost.protocols.http import Request
from tradepost.protocols.sync_commands import (
    SyncedUser,
    SyncFlag,
)
from tradepost.protocols.sync_fields import MAX_USERS

GOLDEN = Path(__file__).parents[3] / "src/tradepost/protocols"


@pytest.mark.parametrize("digests", Digests)
def test_secret_with_any_digests_is_decrypted_and_stored(digests):
    """openapi-jointkit §A.6: (SHA-256, MGF1-SHA-1), (256, 256), (1, 1)."""
    kept = MemoryDirectory()
    encrypted = encrypt("s3cret", key_pair().public, digests=digests)
    JointSync(kept, secrets()).apply(replace(application(), encrypted_secret=encrypted))
    (row,) = kept.rows(Application)
    assert row.kept_secret == encrypted
    assert secrets().plain(row.kept_secret) == "s3cret"
    assert "s3cret" not in repr(row)


def test_unreadable_secret_is_refused_and_changes_nothing(caplog):
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
    # Deletion needs no secret: it may have been encrypted for another key.
    sync.apply(replace(application(), encrypted_secret="AAAA", flag=SyncFlag.DELETE))
    assert kept.rows(Application) == []


def test_seller_chooses_how_secrets_are_stored():
    chosen = ClientSecrets(
        "not the key", key_pair().private, seal=lambda plain: plain[::-1], unseal=lambda kept: kept[::-1]
    )
    kept = MemoryDirectory()
    with pytest.raises(Reject):
        JointSync(kept, chosen).apply(application())
    chosen = ClientSecrets(key_pair().private, seal=lambda plain: plain[::-1], unseal=lambda kept: kept[::-1])
    JointSync(kept, chosen).apply(application(secret="s3cret"))
    (row,) = kept.rows(Application)
    assert (row.kept_secret, chosen.plain(row.kept_secret)) == ("terc3s", "s3cret")
    with pytest.raises(ValueError, match="both seal and unseal"):
        ClientSecrets(seal=str)


def ask(seller: Seller, protocol: str, command: Command) -> CallResult:
    spoken = registry.protocol(protocol)
    request = spoken.encode(command, address="https://s.example.com", key="k" * 32, now=NOW, nonce=wire.nonce())
    return spoken.decode(command, seller.respond(request, NOW, "n" * 32), key="k" * 32)


def joint_seller(folder: Path, kept: Directory, protocol: str, chosen: ClientSecrets | None = None) -> Seller:
    seller = Seller(store=folder / "seller.db", key="k" * 32, protocols=(protocol,))
    JointSync(kept, chosen or secrets()).take(seller)
    return seller


@pytest.mark.parametrize("protocol", ["joint_kit_v1", "joint_kit_v2"])
def test_debug_call_verifies_the_secret_and_stores_nothing(tmp_path, protocol):
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
def test_golden_requests_are_accepted(tmp_path, protocol):
    kept = MemoryDirectory()
    for path in sorted((GOLDEN / protocol / "golden").glob("*.json")):
        golden = json.loads(path.read_text(encoding="utf-8"))
        # One seller each: all golden requests have the same nonce.
        seller = Seller(store=tmp_path / f"{path.stem}.db", key=golden["key"], protocols=(protocol,))
        JointSync(kept, PlainSecrets()).take(seller)
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
    # singleOrgSync is for an instance; allOrgSync of the credential is a test call, which stores nothing.
    assert [row.code for row in kept.rows(TenantDepartment)] == ["D101"]


@pytest.mark.parametrize("protocol", ["joint_kit_v1", "joint_kit_v2"])
def test_largest_batch_of_people_is_accepted(protocol):
    """openapi-jointkit §A.7: 500 users with fields of maximum length; Django by default reads 2.5 MB."""
    everything = SyncedUser(
        user_name="u" * 64, name="名" * 64, org_code="D" * 64, admin=False, enabled=True, position="职" * 64,
        employee_code="7" * 64, employee_type=1, mobile="1" * 32, email="e" * 128, work_place="地" * 256,
        entry_date="2022-11-9", extension=(("成本中心", "中" * 64),),
    )  # fmt: skip
    command = users(*(replace(everything, user_name=f"u{number:063}") for number in range(MAX_USERS)))
    request = registry.protocol(protocol).encode(
        command, address="https://s.example.com", key="k" * 32, now=NOW, nonce=wire.nonce()
    )
    assert len(request.body) < min(BODY_LIMIT, 2_500_000)
