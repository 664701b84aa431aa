"""The sample of joint operation as the process that a seller's engineer starts: synchronised, signed in to, and passed
by the tester.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.kit import wire
from tests.kit.joint.auth_server import AuthServer, auth_server
from tests.kit.joint.directories import application, key_pair, person, tenant, users
from tests.kit.joint.sample import KIT_KEY, SAMPLE, sample
from tests.kit.joint.visitor import Visitor
from tradepost.check import Options, Verdict, run
from tradepost.protocols import registry
from tradepost.protocols.commands import CallResult, Command, Done, Rejected
from tradepost.protocols.sync_commands import SyncFlag


def tell(url: str, command: Command, protocol: str = "joint_kit_v2") -> CallResult:
    spoken = registry.protocol(protocol)
    now = wire.real_now()
    request = spoken.encode(command, address=f"{url}/produce", key=KIT_KEY, now=now, nonce=wire.nonce())
    return spoken.decode(command, wire.exchange(request), key=KIT_KEY)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, AuthServer]]:
    with auth_server() as server, sample(tmp_path_factory.mktemp("sample")) as url:
        server.callbacks.add(f"{url}/signin/callback")
        yield url, server


@pytest.mark.parametrize("protocol", ["joint_kit_v1", "joint_kit_v2"])
def test_page_shows_the_signed_in_person_and_role(place, protocol):
    """openapi-jointkit §A.5 to §A.7, §B.2: what an order, a binding and an authorisation bring, then a person."""
    url, server = place
    assert wire.send(f"{url}/produce", wire.create("CS1", business_id="i1")) == Done(instance_id="i1")
    told: list[Command] = [tenant(domain=server.domain()), application(), users(person(), person("li02", admin=True))]
    for command in told + told:
        assert isinstance(tell(url, command, protocol), Done)
    wrong = tell(url, replace(application(), encrypted_secret=base64.b64encode(bytes(384)).decode()), protocol)
    assert isinstance(wrong, Rejected)
    assert wrong.code == "000101"

    server.signed_in["t1"] = "zhang01"
    member, admin = Visitor(url), Visitor(url)
    _, _, page = member.follow(f"{url}/signin?tenant=t1")
    assert "<h1>Name of zhang01</h1>" in page
    assert "<dd>user</dd>" in page
    assert "li02" not in page
    server.signed_in["t1"] = "li02"
    _, _, page = admin.follow(f"{url}/signin?tenant=t1")
    assert "<dd>administrator</dd>" in page
    assert re.search(r"Name of zhang01 \(zhang01\)", page)

    assert isinstance(tell(url, users(person(enabled=False), flag=SyncFlag.ADD), protocol), Done)
    status, location, _ = member.go(f"{url}/")
    assert (status, location) == (303, "/signin?next=%2F")
    assert "Name of zhang01 (zhang01), suspended" in admin.go(f"{url}/")[2]
    assert isinstance(tell(url, users(person(), flag=SyncFlag.DELETE), protocol), Done)
    assert "zhang01" not in admin.go(f"{url}/")[2]


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["joint_kit_v1", "joint_kit_v2", "saas_v2"])
def test_sample_passes_the_tester(place, protocol):
    url, _ = place
    key = wire.KEY if protocol == "saas_v2" else KIT_KEY
    options = Options(url=f"{url}/produce", protocol=protocol, key=key, public_key=key_pair().public, replay_after=0)
    report = run(options)
    wrong = {Verdict.FAILED, Verdict.BROKEN}
    assert [(found.check_id, found.seen.en) for found in report.results if found.verdict in wrong] == []
    assert report.exit_code == 0


def test_both_readmes_name_every_setting():
    code = (SAMPLE / "joint_app.py").read_text(encoding="utf-8")
    names = set(re.findall(r'os\.environ\.get\("(\w+)"', code))
    assert len(names) >= 8
    for readme in ("README.md", "README.zh-CN.md"):
        text = (SAMPLE / readme).read_text(encoding="utf-8")
        assert {name for name in names if f"`{name}`" not in text} == set()
