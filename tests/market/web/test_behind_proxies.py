"""Issue 25, 6: behind nginx, haproxy and Caddy no header of a client changes the address that limits count by.

Each proxy keeps names with an underscore and what the client wrote into ``X-Forwarded-For``. The market trusts 127.0.0.1,
from which the proxies connect; visitors come from other addresses of 127.0.0.0/8.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.forged_addresses import KEY, SPOOFED, Guesser, market, push
from tests.chaos.served import Server
from tests.machine import PROXIES, find_proxy
from tests.proxies import proxy
from tradepost.market.open_api.throttle import MOST_FAILURES
from tradepost.market.web.limits import A_MINUTE

pytestmark = [pytest.mark.slow]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with market(tmp_path_factory.mktemp("market")) as server:
        yield server


@pytest.fixture(
    params=[
        pytest.param(n, marks=pytest.mark.skipif(not find_proxy(n), reason=f"{n} is not installed")) for n in PROXIES
    ]
)
def front(request: pytest.FixtureRequest, server: Server, tmp_path: Path) -> Iterator[tuple[int, str]]:
    """The port of a proxy in front of the market, and a part of the addresses of its visitors."""
    with proxy(request.param, tmp_path, market=server.port) as port:
        yield port, f"127.0.{10 + PROXIES.index(request.param)}"


def test_password_guesses_count_for_the_true_client(front: tuple[int, str]) -> None:
    """60 guesses passed while each claimed another address."""
    port, visitors = front
    guesser = Guesser(port, f"{visitors}.7")
    statuses = [200]
    while statuses[-1] == 200 and len(statuses) <= 3 * A_MINUTE["account_login"]:
        statuses.append(guesser.guess(len(statuses), f"{visitors}.7"))
    assert statuses[-1] == 429, "the limit of a network holds, whatever the requests claim"
    assert len(statuses) > A_MINUTE["account_login"]
    assert guesser.guess(999, f"{visitors}.8") == 200, "another visitor of the same proxy has a count of their own"


def test_wrong_signatures_lock_out_the_true_client_alone(front: tuple[int, str]) -> None:
    """A foreign seller's usage was locked out by pushes that claimed its address."""
    port, visitors = front
    seller, attacker = f"{visitors}.9", f"{visitors}.66"
    for _ in range(2 * len(SPOOFED) + MOST_FAILURES):
        assert push(port, "a wrong key", attacker, claimed=seller) == 401
    assert push(port, KEY, attacker) == 401, "the attacker is locked out"
    assert push(port, KEY, seller) == 200, "the seller is not"
