"""The examples of every framework behind real servers: the raw bytes of the responses, and what no adapter may break."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit import wire
from tests.kit.servers import ROOT, names_of, raw_exchange, serving
from tradepost.kit.wsgi import BODY_LIMIT
from tradepost.protocols.commands import Command, Done, Rejected
from tradepost.protocols.http import Request

EXAMPLES = ROOT / "examples" / "adapters"
HOW = {
    "wsgi": "waitress",
    "asgi": "hypercorn",
    "flask": "waitress",
    "django": "gunicorn",
    "fastapi": "uvicorn-h11",
}


@pytest.fixture(scope="module", params=HOW, ids=[f"{adapter}-{server}" for adapter, server in HOW.items()])
def produce(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    adapter = request.param
    data = tmp_path_factory.mktemp(adapter)
    with serving(HOW[adapter], f"{adapter}_app:app", EXAMPLES, SELLER_KEY=wire.KEY, SELLER_DATA=str(data)) as url:
        yield f"{url}/produce"


def signed(produce: str, command: Command) -> Request:
    return wire.encode(command, now=wire.real_now(), address=produce)


def test_body_sign_keeps_its_case_and_covers_the_bytes(produce):
    """saas-v2 §2.6: the header name is treated as case-sensitive."""
    command = wire.create("CASE", business_id="case")
    head, response = raw_exchange(signed(produce, command))
    assert head.startswith(b"HTTP/1.1 200 ")
    assert [name for name in names_of(head) if name.lower() == b"body-sign"] == [b"Body-Sign"]
    assert b'Body-Sign: sign_type="HMAC-SHA256", signature= "' in head
    lengths = [value for name, value in response.headers if name.lower() == "content-length"]
    assert lengths == [str(len(response.body))]
    assert wire.decode(command, response) == Done(instance_id="case")


def test_instance_is_created_used_and_released(produce):
    assert wire.send(produce, wire.create("LIFE", business_id="life")) == Done(instance_id="life")
    assert wire.send(produce, wire.create("LIFE", business_id="other")) == Done(instance_id="life")
    found = wire.send(produce, wire.query("life"))
    assert isinstance(found, Done)
    assert found.instances[0].app is not None
    assert found.instances[0].app.user_name == "user-life"
    for command in (
        wire.refresh("life"),
        wire.freeze("life"),
        wire.unfreeze("life"),
        wire.upgrade("life"),
        wire.check_change("life"),
        wire.release("life"),
    ):
        assert wire.send(produce, command) == Done()
    gone = wire.send(produce, wire.query("life"))
    assert isinstance(gone, Rejected)
    assert gone.code == "000003"


def test_address_may_have_a_query_and_values_any_characters(produce):
    """saas-v2 §2.3: the parameters are read from the query as sent; ``+``, ``&`` and Chinese survive in the body."""
    command = wire.create("a+b&c=d 云🚀%2B", business_id="b+1")
    assert wire.send(f"{produce}?tenant=a%2Bb&empty=", command) == Done(instance_id="b+1")
    found = wire.send(produce, wire.query("b+1"))
    assert isinstance(found, Done)


def test_chunked_body_is_read(produce):
    command = wire.create("CHUNKED", business_id="chunked")
    _, response = raw_exchange(signed(produce, command), chunked=True)
    assert wire.decode(command, response) == Done(instance_id="chunked")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_other_method_is_refused_with_a_signed_message(produce, method):
    """saas-v2 §3.0: HTTP 200 always; §4: 000002 invalid request parameter."""
    command = wire.create(f"M-{method}")
    asked = signed(produce, command)
    _, response = raw_exchange(Request(method, asked.url, asked.headers, asked.body))
    outcome = wire.decode(command, response)
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.message) == ("000002", "the method must be POST")


def test_too_long_body_is_refused_with_a_signed_message(produce):
    asked = signed(produce, wire.create("LONG"))
    response = wire.exchange(Request("POST", asked.url, asked.headers, b" " * (BODY_LIMIT + 1)))
    assert response.status == 200
    assert json.loads(response.body)["resultCode"] == "000002"
    assert str(BODY_LIMIT) in json.loads(response.body)["resultMsg"]
    assert isinstance(wire.decode(wire.create(), response), Rejected)


def test_wrong_signature_and_replay_are_refused(produce):
    """saas-v2 §2.4: a nonce is accepted once; §4: 000001 authentication failed."""
    command = wire.create("REPLAY", business_id="replay")
    asked = signed(produce, command)
    moved = Request(asked.method, asked.url, asked.headers, asked.body.replace(b"REPLAY", b"REPLAX"))
    outcomes = [wire.decode(command, raw_exchange(request)[1]) for request in (moved, asked, asked)]
    assert [getattr(outcome, "code", outcome) for outcome in outcomes] == [
        "000001",
        Done(instance_id="replay"),
        "000001",
    ]


def test_guide_names_every_adapter_and_example():
    text = "\n".join(
        path.read_text(encoding="utf-8") for path in (EXAMPLES / "README.md", EXAMPLES / "README.zh-CN.md")
    )
    for adapter in HOW:
        assert text.count(f"`{adapter}_app.py`") >= 2
        assert Path(EXAMPLES / f"{adapter}_app.py").is_file()
