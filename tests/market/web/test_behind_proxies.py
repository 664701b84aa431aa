"""Issue 25, 6: behind nginx, haproxy and Caddy no header of a client changes the address that limits count by.

Each proxy keeps names with an underscore and what the client wrote into ``X-Forwarded-For``. The market trusts 127.0.0.1,
from which the proxies connect; visitors come from other addresses of 127.0.0.0/8.
"""

from __future__ import annotations

import http.client
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.architecture.source import ROOT
from tests.chaos.served import LOGIN, Server, served
from tests.cli.running import WITHIN
from tests.machine import PROXIES, find_proxy
from tests.proxies import proxy
from tradepost.market.open_api.throttle import MOST_FAILURES
from tradepost.market.web.limits import A_MINUTE
from tradepost.protocols.open_api.usage_push import PATH, UsageRecord, push_request

pytestmark = [pytest.mark.slow, pytest.mark.once]
KEY = "a base key that only this test knows"
MAKE_SERVICE = f"""
import django; django.setup()
from datetime import UTC, datetime, timedelta
from tests.factories import make_seller
from tests.factories.metering import make_metered
make_metered(seller=make_seller(signing_key={KEY!r}), instance_id="i-1", started_at=datetime.now(UTC) - timedelta(days=2))
"""
SPOOFED = (
    ("X-Forwarded-For",),
    ("X_Forwarded_For",),
    ("X-Forwarded_For",),
    ("x_forwarded-for",),
    ("X-Forwarded-For", "X-Forwarded-For"),
    ("X-Forwarded-For", "X_Forwarded_For", "X_FORWARDED_FOR"),
    ("Forwarded", "X-Real-IP", "X_Real_IP", "True-Client-IP", "CF-Connecting-IP", "X-Client-IP", "X-Cluster-Client-Ip"),
    ("REMOTE_ADDR", "Remote-Addr", "HTTP_X_FORWARDED_FOR", "X-Forwarded-Host"),
)
FORMS = (
    "{0}",
    "{0}, {0}",
    "{0}:4711",
    "[2001:db8::{1}]:80",
    "2001:db8:{1}::1",
    "for={0}",
    "{0},",
    ",{0}",
    "unknown, {0}",
)

type Pairs = Sequence[tuple[str, str]]


def spoofed(number: int, address: str = "") -> Pairs:
    """Headers that claim another address each time, or ``address``."""
    claimed = address or f"198.51.{number // 200}.{number % 200 + 1}"
    value = FORMS[0 if address else number % len(FORMS)].format(claimed, f"{number:x}")
    return [(name, value) for name in SPOOFED[number % len(SPOOFED)]]


def send(port: int, source: str, path: str, body: bytes | str = b"", headers: Pairs = ()) -> tuple[int, str, str]:
    """Status, cookie and text of the answer to a form or call, or to a GET where there is no body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WITHIN, source_address=(source, 0))
    connection.putrequest("POST" if body else "GET", path, skip_accept_encoding=True)
    content = body.encode() if isinstance(body, str) else body
    for name, value in [*headers, *([("Content-Length", str(len(content)))] if content else [])]:
        connection.putheader(name, value)
    connection.endheaders(content or None)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, (answer.headers["Set-Cookie"] or "").partition(";")[0], text


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("market"), trusted_proxies="127.0.0.1", sandbox="true") as server:
        subprocess.run([sys.executable, "-c", MAKE_SERVICE], env=server.environment, cwd=ROOT, check=True, timeout=120)
        yield server


@pytest.fixture(
    params=[
        pytest.param(n, marks=pytest.mark.skipif(not find_proxy(n), reason=f"{n} is not installed")) for n in PROXIES
    ]
)
def front(request: pytest.FixtureRequest, market: Server, tmp_path: Path) -> Iterator[tuple[int, str]]:
    """The port of a proxy in front of the market, and a part of the addresses of its visitors."""
    with proxy(request.param, tmp_path, market=market.port) as port:
        yield port, f"127.0.{10 + PROXIES.index(request.param)}"


def test_password_guesses_count_for_the_true_client(front: tuple[int, str]) -> None:
    """60 guesses passed while each claimed another address."""
    port, visitors = front
    _, cookie, page = send(port, f"{visitors}.7", LOGIN)
    found = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page)
    assert found, page

    def guess(number: int, source: str) -> int:
        fields = {"csrfmiddlewaretoken": found[1], "login": f"nobody{number}@{visitors}.example", "password": "wrong"}
        form = [("Content-Type", "application/x-www-form-urlencoded"), ("Cookie", cookie)]
        return send(port, source, LOGIN, urlencode(fields), [*form, *spoofed(number)])[0]

    allowed = A_MINUTE["account_login"]
    statuses = [guess(number, f"{visitors}.7") for number in range(2 * allowed)]
    assert set(statuses[:allowed]) <= {200, 429}, statuses
    assert statuses[allowed:].count(429) >= allowed - 1, f"a new minute may have begun once: {statuses}"
    assert guess(999, f"{visitors}.8") == 200, "another visitor of the same proxy has a count of their own"


def test_wrong_signatures_lock_out_the_true_client_alone(front: tuple[int, str]) -> None:
    """A foreign seller's usage was locked out by pushes that claimed its address."""
    port, visitors = front
    seller, attacker = f"{visitors}.9", f"{visitors}.66"
    nonces = iter(range(1000))

    def push(key: str, source: str, claimed: str = "") -> int:
        number, now = next(nonces), datetime.now(UTC)
        begin = now.replace(microsecond=0) - timedelta(hours=10 - PROXIES.index(_name(visitors)))
        record = UsageRecord(
            instance_id="i-1", recorded_at=begin + timedelta(minutes=1), begin_at=begin, end_at=begin + timedelta(minutes=1),
            value=Decimal(1), metering_sn=f"{visitors}-{number}",
        )  # fmt: skip
        request = push_request([record], market="http://localhost", key=key, now=now, nonce=f"{visitors}-{number}")
        more = spoofed(number, claimed) if claimed else ()
        return send(port, source, PATH, request.body, [*request.headers, *more])[0]

    for _ in range(2 * len(SPOOFED) + MOST_FAILURES):
        assert push("a wrong key", attacker, claimed=seller) == 401
    assert push(KEY, attacker) == 401, "the attacker is locked out"
    assert push(KEY, seller) == 200, "the seller is not"


def _name(visitors: str) -> str:
    return PROXIES[int(visitors.rpartition(".")[2]) - 10]
