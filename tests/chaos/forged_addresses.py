"""An attacker behind a real proxy claims another address with each request, to guess passwords and to lock out a
seller's usage.

``python -m tests.chaos.forged_addresses [nginx|haproxy|caddy]`` prints as JSON the guesses that passed, the result of
the usage pushes of a seller whose address was claimed, and medians of another visitor, idle and under attack.
"""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.architecture.source import ROOT
from tests.chaos.served import LOGIN, Server, Watch, served
from tests.cli.running import WITHIN
from tests.proxies import proxy
from tradepost.protocols.open_api.usage_push import PATH, UsageRecord, push_request

GUESSES = 60
WRONG_PUSHES = 24
KEY = "a base key that only this attack knows"
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
    """Return headers that claim another address each time, or ``address``."""
    claimed = address or f"198.51.{number // 200}.{number % 200 + 1}"
    value = FORMS[0 if address else number % len(FORMS)].format(claimed, f"{number:x}")
    return [(name, value) for name in SPOOFED[number % len(SPOOFED)]]


def send(port: int, source: str, path: str, body: bytes | str = b"", headers: Pairs = ()) -> tuple[int, str, str]:
    """Return status, cookie and text of the response to a form or call, or to a GET if there is no body."""
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


@contextmanager
def market(folder: Path) -> Iterator[Server]:
    """Run a market with a seller that pushes usage of the instance i-1. It trusts only proxies at 127.0.0.1."""
    with served(folder, trusted_proxies="127.0.0.1", sandbox="true") as server:
        subprocess.run([sys.executable, "-c", MAKE_SERVICE], env=server.environment, cwd=ROOT, check=True, timeout=600)
        yield server


class Guesser:
    """Send wrong passwords to the port of a proxy, with a form requested from ``source``."""

    def __init__(self, port: int, source: str) -> None:
        self._port = port
        _, self._cookie, page = send(port, source, LOGIN)
        found = re.search(r'csrfmiddlewaretoken" value="(\w+)"', page)
        assert found, page
        self._token = found[1]

    def guess(self, number: int, source: str) -> int:
        """Guess at another account each time, claiming another address than ``source``. Return the status."""
        fields = {"csrfmiddlewaretoken": self._token, "login": f"nobody{number}@{source}.example", "password": "wrong"}
        form = [("Content-Type", "application/x-www-form-urlencoded"), ("Cookie", self._cookie)]
        return send(self._port, source, LOGIN, urlencode(fields), [*form, *spoofed(number)])[0]


_pushes = count()


def push(port: int, key: str, source: str, claimed: str = "") -> int:
    """Push usage, optionally with a claimed address. Return the status."""
    number, now = next(_pushes), datetime.now(UTC)
    begin = now.replace(microsecond=0) - timedelta(hours=1, minutes=2 * number)
    record = UsageRecord(
        instance_id="i-1", recorded_at=begin + timedelta(minutes=1), begin_at=begin, end_at=begin + timedelta(minutes=1),
        value=Decimal(1), metering_sn=f"sn-{number}",
    )  # fmt: skip
    request = push_request([record], market="http://localhost", key=key, now=now, nonce=f"n-{number}")
    more = spoofed(number, claimed) if claimed else ()
    return send(port, source, PATH, request.body, [*request.headers, *more])[0]


def run(name: str) -> dict[str, Any]:
    attacker, seller = "127.0.10.66", "127.0.10.9"
    with (
        tempfile.TemporaryDirectory(prefix="tradepost-forged-", ignore_cleanup_errors=True) as folder,
        market(Path(folder)) as server,
        proxy(name, Path(folder), market=server.port) as port,
    ):
        with Watch(server) as idle:
            time.sleep(2)
        before = server.megabytes()
        guesser = Guesser(port, attacker)
        with Watch(server) as attacked:
            statuses = [guesser.guess(number, attacker) for number in range(GUESSES)]
            refused = [push(port, "a wrong key", attacker, claimed=seller) for _ in range(WRONG_PUSHES)]
        return {
            "proxy": name,
            "guesses": GUESSES,
            "guesses_passed": statuses.count(422),
            "wrong_pushes": refused.count(401),
            "push_of_the_seller": push(port, KEY, seller),
            "push_of_the_attacker": push(port, KEY, attacker),
            "median_idle_ms": round(idle.median(), 1),
            "median_under_attack_ms": round(attacked.median(), 1),
            "megabytes_idle": round(before),
            "megabytes_under_attack": round(max(attacked.most_megabytes, server.megabytes())),
        }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(sys.argv[1] if len(sys.argv) > 1 else "nginx")) + "\n")
