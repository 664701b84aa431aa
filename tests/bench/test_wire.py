"""The fast signing code of limits and rivals equals the protocol's, so that they are compared on the same task."""

from __future__ import annotations

from datetime import UTC, datetime

from bench import wire
from bench.instant_seller import SUCCESS
from tradepost.protocols.commands import Done, InstanceStatus, SetStatus
from tradepost.protocols.http import Request, Response
from tradepost.protocols.registry import protocol

COMMAND = SetStatus(instance_id="i-1", status=InstanceStatus.FREEZE)
ADDRESS = "http://127.0.0.1:9/s/1"
NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def test_requests_are_those_of_saas_v2_section_2_3():
    body, nonce = wire.body_of("i-1"), "N" * 64
    url = wire.signed_url(ADDRESS, body, key=wire.KEY, milliseconds=int(NOW.timestamp() * 1000), nonce=nonce)
    lean = Request("POST", url, tuple(wire.HEADERS.items()), body)
    assert lean == protocol("saas_v2").encode(COMMAND, address=ADDRESS, key=wire.KEY, now=NOW, nonce=nonce)


def test_answers_are_accepted_only_with_their_signature_saas_v2_section_2_6():
    head, body = SUCCESS.split(b"\r\n\r\n")
    lines = [line.decode().partition(": ") for line in head.split(b"\r\n")[1:]]
    headers = tuple((name, value) for name, _, value in lines)
    assert wire.accepted(200, headers, body, key=wire.KEY)
    assert not wire.accepted(200, headers, body + b" ", key=wire.KEY)
    assert not wire.accepted(200, [(n.lower(), v) for n, v in headers], body, key=wire.KEY)
    assert isinstance(protocol("saas_v2").decode(COMMAND, Response(200, headers, body), key=wire.KEY), Done)
