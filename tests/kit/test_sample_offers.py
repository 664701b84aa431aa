"""Other products of the sample seller: licenses, codes, joint operation and order notices, each stored and shown."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.kit import wire
from tests.kit.servers import ROOT
from tests.kit.visits import visit
from tradepost.check.http_client import HttpClient
from tradepost.kit.sample import folder
from tradepost.protocols import registry
from tradepost.protocols.client_secret import encrypt
from tradepost.protocols.commands import (
    Buyer,
    CallResult,
    Command,
    Create,
    Done,
    Expire,
    GetLicenseAsync,
    InstanceStatus,
    NotifyOrder,
    Purchase,
    Refresh,
    Rejected,
    Release,
    Scene,
    SetStatus,
)
from tradepost.protocols.http import Response
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

DAY = datetime(2027, 12, 31, 16, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Sample:
    url: str
    office: str
    protocol: str

    def ask(self, command: Command) -> CallResult:
        spoken = registry.protocol(self.protocol)
        now, nonce = datetime.now(UTC), secrets.token_hex(16)
        address = f"{self.url}/produce"
        request = spoken.encode(command, address=address, key=wire.KEY, now=now, nonce=nonce)
        received = HttpClient(20).send(request)
        assert not received.problem
        response = Response(received.status, received.headers, received.body)
        return spoken.decode(command, response, key=wire.KEY)

    def page(self, language: str = "en") -> str:
        page = visit(self.office, language=language)
        assert page.status == 200
        return re.sub(r"<td [^>]*>", "<td>", page.text)  # a cell also has its label, for phones


@contextmanager
def selling(data: Path, protocol: str, *options: str) -> Iterator[Sample]:
    command = [sys.executable, str(folder() / "seller.py"), "--port", "0", "--data", str(data)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "SELLER_KEY": wire.KEY}
    with subprocess.Popen(
        [*command, "--protocol", protocol, *options],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            url = process.stdout.readline().split()[2]
            office = "" if protocol.startswith("saas") else process.stdout.readline().split()[-1]
            yield Sample(url, office, protocol)
        finally:
            process.kill()


def create(business_id: str) -> Create:
    purchase = Purchase(product_id="OFFI1", product_name="CAD <Pro>", quantity=3, expires_at=DAY)
    buyer = Buyer(customer_id="68cbc86abc2018ab880d92f36422fa0e")
    return Create(order_id="CS1", order_line_id="CS1-000001", business_id=business_id, buyer=buyer, purchase=purchase)


def test_saas_v1_returns_the_account_at_once_and_repeats_it(tmp_path):
    """saas-v1-license A2.2: a repeat gets the same instance and the same access data."""
    with selling(tmp_path, "saas_v1") as sample:
        first = sample.ask(create("b1"))
        assert isinstance(first, Done)
        app = first.instances[0].app
        assert app is not None
        assert (first.instance_id, app.front_end_url, len(app.password)) == ("b1", f"{sample.url}/login/b1", 14)
        assert sample.ask(create("b2")) == first
        login = visit(app.front_end_url, form={"user_name": app.user_name, "password": app.password})
        assert login.status == 303
        # Plan and quantity came with the create.
        workspace = visit(f"{sample.url}{login.location}", cookie=login.cookie).text
        assert "<dd>3</dd>" in workspace
        assert "2027-12-31 16:00 UTC" in workspace
        assert sample.ask(Expire(instance_id="b1", order_id="CS1")) == Done()
        assert visit(app.front_end_url).status == 403


@pytest.mark.slow
def test_license_v1_creates_one_text_per_order_and_seals_it(tmp_path):
    """saas-v1-license B1: the same orderId gets the same licence, also after a restart."""
    with selling(tmp_path, "license_v1") as sample:
        first = sample.ask(create("b1"))
        assert isinstance(first, Done)
        lines = first.license.splitlines()
        assert lines[0] == "license b1"
        assert lines[3] == "until 2027-12-31 16:00:00 UTC"
        assert len(lines[-1]) == len("seal ") + 64
    with selling(tmp_path, "license_v1") as sample:
        again = sample.ask(create("b2"))
        assert isinstance(again, Done)
        assert (again.license, again.instance_id) == (first.license, "b1")
        assert lines[-1] in sample.page()
        assert sample.ask(Expire(instance_id="b1", order_id="CS1")) == Done()
        assert "<td>Frozen</td>" in sample.page()
        assert sample.ask(Release(instance_id="b1", order_id="CS1")) == Done()
        assert "None yet." in sample.page()


@pytest.mark.slow
def test_license_online_gives_one_license_per_event_and_fingerprint(tmp_path):
    """saas-v1-license B3: same eventId and fingerprint, same licence, never a second one."""
    ask = GetLicenseAsync(
        instance_id="b1", event_id="EV1", effective_at=datetime(2026, 1, 1, tzinfo=UTC), expires_at=DAY,
        device_fingerprint="MAC|<1>",
    )  # fmt: skip
    with selling(tmp_path, "license_online") as sample:
        refused = sample.ask(ask)
        assert isinstance(refused, Rejected)
        assert refused.code == "000003"
        assert sample.ask(create("b1")) == Done(instance_id="b1")
        assert sample.ask(ask) == Done()
        assert sample.ask(ask) == Done()
        assert sample.page().count("machine MAC|&lt;1&gt;") == 1
        assert sample.ask(replace(ask, event_id="EV2")) == Done()
        assert sample.page().count("machine MAC|&lt;1&gt;") == 2
        assert sample.ask(SetStatus(instance_id="b1", status=InstanceStatus.FREEZE)) == Done()
        frozen = sample.ask(replace(ask, event_id="EV3"))
        assert isinstance(frozen, Rejected)
        assert frozen.code == "000901"


@pytest.mark.slow
def test_license_code_knows_only_its_own_codes(tmp_path):
    """saas-v1-license B2.2: 000003 for a code that is not found; a released one stays released after a restart."""

    def refresh(code: str) -> Refresh:
        return Refresh(
            instance_id=code, scene=Scene.RENEWAL, order_id="CS2", order_line_id="CS2-000001", expires_at=DAY
        )

    with selling(tmp_path, "license_code", "--code", "AAAA-1", "--code", "BBBB-2") as sample:
        assert sample.ask(refresh("AAAA-1")) == Done()
        assert "2027-12-31 16:00:00 UTC" in sample.page()
        unknown = sample.ask(refresh("CCCC-3"))
        assert isinstance(unknown, Rejected)
        assert unknown.code == "000003"
        assert sample.ask(SetStatus(instance_id="BBBB-2", status=InstanceStatus.FREEZE)) == Done()
        assert "<td>已冻结</td>" in sample.page("zh")
        assert sample.ask(Release(instance_id="BBBB-2")) == Done()
    with selling(tmp_path, "license_code", "--code", "AAAA-1", "--code", "BBBB-2") as sample:
        assert "<td>Released</td>" in sample.page()
        released = sample.ask(refresh("BBBB-2"))
        assert isinstance(released, Rejected)
        assert released.code == "000003"


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["joint_kit_v1", "joint_kit_v2"])
def test_joint_seller_synchronises(tmp_path, protocol):
    """openapi-jointkit §A.5–A.9: repeats add nothing, a repeated delete succeeds, allOrgSync replaces."""
    key = rsa.generate_private_key(65537, 3072)
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = tmp_path / "key.pem"
    pem.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    public = key.public_key().public_bytes(serialization.Encoding.PEM, spki).decode()

    tenant = SyncTenant(
        tenant_id="T1", tenant_code="acme", name="星河 <Acme>", domain_name="https://acme.example.com",
        flag=SyncFlag.ADD, instance_id="b1", order_id="CS1",
    )  # fmt: skip
    application = SyncApplication(
        tenant_id="T1", app_id="A1", client_id="client-1", encrypted_secret=encrypt("s3cret", public),
        flag=SyncFlag.ADD, instance_id="b1",
    )  # fmt: skip
    user = SyncedUser(user_name="zhang01", name="张一", org_code="D1", admin=True, enabled=False)
    users = SyncAuth(tenant_id="T1", app_id="A1", users=(user,), synced_at=DAY, flag=SyncFlag.ADD, instance_id="b1")
    research = Department(code="D1", name="研发部")
    with selling(tmp_path, protocol, "--private-key", str(pem)) as sample:
        org = SyncOrg(tenant_id="T1", department=research, flag=SyncFlag.ADD, instance_id="b1")
        for command in (tenant, application, users, org, tenant, application, users, org):
            assert sample.ask(command) == Done(message="success")
        page = sample.page()
        assert page.count("<td>星河 &lt;Acme&gt;</td>") == 1
        assert page.count("<td>client-1</td>") == 1
        assert "<td>Administrator</td><td>Disabled</td>" in page
        assert page.count("<td>研发部</td>") == 1
        assert "s3cret" not in page

        bad = sample.ask(replace(application, encrypted_secret="AAAA"))
        assert isinstance(bad, Rejected)
        assert bad.code == "000101"

        sales = Department(code="D2", name="销售部", parent_code="D1")
        assert isinstance(sample.ask(SyncAllOrgs(tenant_id="T1", departments=(sales,), instance_id="b1")), Done)
        for gone in (replace(users, flag=SyncFlag.DELETE), replace(tenant, flag=SyncFlag.DELETE)):
            assert isinstance(sample.ask(gone), Done)
            assert isinstance(sample.ask(gone), Done)
        page = sample.page()
        assert "<td>销售部</td><td>D1</td>" in page
        for absent in ("研发部", "zhang01", "Acme"):
            assert absent not in page


def test_order_is_noted_once(tmp_path):
    """saas-v1-license D1."""
    notice = NotifyOrder(order_id="CS7", order_line_id="CS7-000001")
    with selling(tmp_path, "order_notice") as sample:
        assert sample.ask(replace(notice, test=True)) == Done(message="success")
        assert "None yet." in sample.page()
        assert sample.ask(notice) == Done(message="success")
        assert sample.ask(notice) == Done(message="success")
        assert sample.page().count("<td>CS7-000001</td>") == 1
        assert visit(f"{sample.url}/office/{'0' * 32}").status == 404


def test_unknown_protocol_is_named(tmp_path):
    command = [sys.executable, str(folder() / "seller.py"), "--data", str(tmp_path), "--protocol", "saas_v3"]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "SELLER_KEY": wire.KEY}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)
    assert ended.returncode == 2
    assert "no protocol 'saas_v3'; there are: saas_v2, saas_v1, license_v1" in ended.stderr
