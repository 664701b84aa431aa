"""Several protocols in one seller: which of them reads a request, and which key signs its refusal."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import flask
import pytest

from tests.kit.wire import NOW, nonce
from tradepost.kit import (
    Buyer,
    Create,
    Created,
    GetLicenseAsync,
    InstanceStatus,
    NotifyOrder,
    Purchase,
    Release,
    Seller,
    SetStatus,
    SyncFlag,
    SyncTenant,
)
from tradepost.kit.asgi import asgi
from tradepost.kit.flask import blueprint
from tradepost.kit.wsgi import wsgi
from tradepost.protocols import registry, signed_query, signed_url
from tradepost.protocols.commands import Command, Done, Rejected
from tradepost.protocols.http import Request

KEYS = {"base": "the base key", "kit": "the kit key"}
PRODUCT = ("saas_v2", "joint_kit_v2", "joint_kit_v1")
ADDRESS = "https://shop.example.com/produce"
TENANT = SyncTenant(
    tenant_id="t1", tenant_code="acme", name="Acme", domain_name="https://acme.example.com", flag=SyncFlag.ADD
)
CREATE = Create(order_id="CS1", order_line_id="CS1-000001", business_id="b1")


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def seller(tmp_path: Path, told: list[str]) -> Seller:
    """openapi-jointkit §A.0: the base interfaces and kit interfaces of one product must share the same address."""
    made = Seller(store=tmp_path / "seller.db", keys=KEYS, protocols=PRODUCT)
    made.on(Create)(lambda command: Created())
    made.on_other(SyncTenant, lambda command: told.append(command.tenant_id))
    return made


def encoded(name: str, command: Command, key: str) -> Request:
    return registry.protocol(name).encode(command, address=ADDRESS, key=key, now=NOW, nonce=nonce())


def ask(seller: Seller, name: str, command: Command, *, key: str = "", protocol: str = "") -> object:
    """Return the answer as the market of this class reads it: signed with its own key, whichever key signed the
    request."""
    spoken = registry.protocol(name)
    right = KEYS[spoken.key_class]
    response = seller.respond(encoded(name, command, key or right), NOW, nonce(), protocol=protocol)
    return spoken.decode(command, response, key=right, require_body_sign=True)


def test_each_call_is_read_by_the_protocol_of_its_path(seller, told):
    assert ask(seller, "saas_v2", CREATE) == Done(instance_id="b1")
    assert ask(seller, "joint_kit_v2", TENANT) == Done()
    assert ask(seller, "joint_kit_v1", TENANT) == Done()
    assert told == ["t1", "t1"]


@pytest.mark.parametrize("name", PRODUCT)
def test_refusal_is_signed_with_the_key_of_its_calls(seller, told, name):
    """saas-v2 §1.3: each interface type binds one key; openapi-jointkit §A.4: 000001."""
    command = CREATE if name == "saas_v2" else TENANT
    refused = ask(seller, name, command, key="another key")
    assert isinstance(refused, Rejected)
    assert (refused.code, refused.message.endswith("does not match")) == ("000001", True)
    assert told == []


def test_stale_call_is_refused_with_the_code_of_its_protocol(seller):
    """openapi-jointkit §A.2: reject when more than 60 s from now; stale timestamp is 000002."""
    request = encoded("joint_kit_v2", TENANT, KEYS["kit"])
    later = NOW.replace(minute=NOW.minute + 5)
    answer = seller.respond(request, later, nonce())
    refused = registry.protocol("joint_kit_v2").decode(TENANT, answer, key=KEYS["kit"], require_body_sign=True)
    assert refused == Rejected(
        code="000002", message="timestamp is 300 s before the receiver's clock, 60 s are allowed"
    )


def test_unknown_path_is_refused(tmp_path):
    seller = Seller(store=tmp_path / "seller.db", key=KEYS["kit"], protocols=("joint_kit_v2",))
    answer = seller.respond(Request("POST", ADDRESS, (), b"{}"), NOW, nonce())
    refused = registry.protocol("joint_kit_v2").decode(TENANT, answer, key=KEYS["kit"], require_body_sign=True)
    assert refused == Rejected(
        code="000002", message="the path does not end with /produceAPI/v2/ and the name of a call"
    )


def test_unreadable_call_is_refused_with_the_key_of_the_mounted_protocol(seller):
    answer = seller.refuse("too long", nonce(), protocol="joint_kit_v2")
    refused = registry.protocol("joint_kit_v2").decode(TENANT, answer, key=KEYS["kit"], require_body_sign=True)
    assert refused == Rejected(code="000002", message="too long")


@pytest.mark.parametrize(
    ("path", "address", "protocol", "takes"),
    [
        ("/produce", "/produce", "", True),
        ("/produce", "/produce", "saas_v2", True),
        ("/produce", "/produce", "joint_kit_v2", False),
        ("/produce/produceAPI/v2/tenantSync", "/produce", "", True),
        ("/produce/produceAPI/v2/tenantSync", "/produce", "joint_kit_v2", True),
        ("/produce/produceAPI/v2/tenantSync", "/produce", "joint_kit_v1", False),
        ("/produce/produceAPI/v2/tenantSync", "/produce", "saas_v2", False),
        ("/produce/produceAPI/tenantSync", "/produce", "joint_kit_v1", True),
        ("/isv/produce/produceAPI/v2/tenantSync", "/isv/produce", "joint_kit_v2", True),
        ("/produceAPI/v2/tenantSync", "/", "joint_kit_v2", True),
        ("/produce/elsewhere", "/produce", "", False),
        ("/produces", "/produce", "", False),
        ("/", "/produce", "", False),
    ],
)
def test_paths_that_belong_to_an_address(seller, path, address, protocol, takes):
    """openapi-jointkit §A.0: the sub-path is appended to the registered address, which may itself carry a path."""
    assert seller.takes(path, address, protocol) is takes


@pytest.mark.parametrize("mount", [wsgi, asgi, blueprint])
def test_mounting_an_unspoken_protocol_fails_at_once(seller: Seller, mount: Callable[..., Any]) -> None:
    with pytest.raises(LookupError, match="does not speak 'saas_v1'; it speaks: saas_v2, joint_kit_v2, joint_kit_v1"):
        mount(seller, protocol="saas_v1")


def test_flask_serves_the_calls_below_the_address(seller, told):
    app = flask.Flask(__name__)
    app.register_blueprint(blueprint(seller, "/produce", clock=lambda: NOW))
    client = app.test_client()
    for name in ("joint_kit_v2", "joint_kit_v1"):
        request = encoded(name, TENANT, KEYS["kit"])
        answer = client.post(request.url, data=request.body, headers=dict(request.headers))
        assert (answer.status_code, answer.get_json()["resultCode"]) == (200, "000000")
    assert told == ["t1", "t1"]
    assert client.post(f"{ADDRESS}/elsewhere").status_code == 404


EVERY = tuple(registry.protocols())


@pytest.fixture
def everything(tmp_path: Path) -> Seller:
    """Return a seller with all protocols at one address, each class with its key (saas-v2 §1.3)."""
    keys = {spoken.key_class: f"the {spoken.key_class} key" for spoken in registry.protocols().values()}
    return Seller(store=tmp_path / "seller.db", keys=keys, protocols=EVERY)


def some_call(name: str) -> Command:
    """Return a call of each protocol, for which the seller has no function."""
    match name:
        case "joint_kit_v2" | "joint_kit_v1":
            return TENANT
        case "license_code":
            return Release(instance_id="PL1")
        case "order_notice":
            return NotifyOrder(order_id="CS1", order_line_id="CS1-000001")
    return replace(CREATE, buyer=Buyer(customer_id="c1", customer_name="A buyer"), purchase=Purchase(product_id="p1"))


@pytest.mark.parametrize("name", EVERY)
def test_one_address_serves_all_and_refuses_each_with_its_own_key(everything, name):
    """saas-v2 §1.3, saas-v2 §2.6: with several protocols, each market can still read why it was refused."""
    spoken = registry.protocol(name)
    command = some_call(name)
    for key, code in (("another key", "000001"), (f"the {spoken.key_class} key", "000002")):
        request = spoken.encode(command, address=ADDRESS, key=key, now=NOW, nonce=nonce())
        answer = everything.respond(request, NOW, nonce())
        refused = spoken.decode(command, answer, key=f"the {spoken.key_class} key", require_body_sign=True)
        assert (type(refused), getattr(refused, "code", "")) == (Rejected, code), refused


@pytest.mark.parametrize("name", [name for name in EVERY if not registry.protocol(name).prefix])
def test_unknown_call_is_refused_by_the_protocol_whose_key_signed_it(everything, name):
    """Only the signature shows which protocol it belongs to."""
    spoken, command = registry.protocol(name), some_call(name)
    sent = spoken.encode(command, address=ADDRESS, key="k", now=NOW, nonce=nonce())
    key = f"the {spoken.key_class} key"
    if sent.body:
        body = {**json.loads(sent.body), "activity": "no such word"}
        request = signed_url.sign_request(body, address=ADDRESS, key=key, now=NOW, nonce=nonce())
    else:
        asked = {**sent.query, "activity": "no such word"}
        request = signed_query.sign_request(asked, address=ADDRESS, key=key, now=NOW)
    refused = spoken.decode(command, everything.respond(request, NOW, nonce()), key=key, require_body_sign=True)
    assert (type(refused), getattr(refused, "code", "")) == (Rejected, "000002"), refused


def test_replay_is_not_accepted_by_another_protocol_with_the_same_key(everything):
    """saas-v2 §2.4: a nonce that was seen is refused, by the online License as well, which shares key and words."""
    everything.on_other(GetLicenseAsync)(lambda command: None)
    everything.on(SetStatus)(lambda command, instance: None)
    everything.adopt("i-1", now=NOW)
    spoken = registry.protocol("license_online")
    command = SetStatus(instance_id="i-1", status=InstanceStatus.FREEZE)
    request = spoken.encode(command, address=ADDRESS, key="the base key", now=NOW, nonce=nonce())
    first, again = (
        spoken.decode(command, everything.respond(request, NOW, nonce()), key="the base key") for _ in range(2)
    )
    assert first == Done()
    assert again == Rejected(code="000001", message="nonce was used before")
