"""Issue 25, 6: behind nginx, haproxy and Caddy, no header of a client changes the address used for limits. Each proxy
passes on names with an underscore and the client's ``X-Forwarded-For``. The market trusts 127.0.0.1, from which the
proxies connect; visitors use other addresses of 127.0.0.0/8."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.forged_addresses import KEY, SPOOFED, Guesser, market, push
from tests.chaos.served import Server
from tests.machine import PROXIES, find_proxy
from tests.proxies import proxy
from tradepost.market.identity.limits import FORMS, SIGNATURES

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
    """The port of a proxy in front of the market, and part of its visitors' addresses."""
    with proxy(request.param, tmp_path, market=server.port) as port:
        yield port, f"127.0.{10 + PROXIES.index(request.param)}"


@pytest.mark.slow
def test_password_guesses_count_for_the_real_client(front: tuple[int, str]) -> None:
    """60 guesses were possible because each claimed another address."""
    port, visitors = front
    guesser = Guesser(port, f"{visitors}.7")
    statuses = [422]
    while statuses[-1] == 422 and len(statuses) <= 3 * FORMS["account_login"].most:
        statuses.append(guesser.guess(len(statuses), f"{visitors}.7"))
    assert statuses[-1] == 429, "the limit of a network holds, whatever the requests claim"
    assert len(statuses) > FORMS["account_login"].most
    assert guesser.guess(999, f"{visitors}.8") == 422, "another visitor of the same proxy has a count of their own"


def test_wrong_signatures_lock_out_only_the_real_client(front: tuple[int, str]) -> None:
    """Pushes that claimed the address of another seller blocked its usage."""
    port, visitors = front
    seller, attacker = f"{visitors}.9", f"{visitors}.66"
    for _ in range(2 * len(SPOOFED) + SIGNATURES.free):
        assert push(port, "a wrong key", attacker, claimed=seller) == 401
    assert push(port, KEY, attacker) == 401, "the attacker is locked out"
    assert push(port, KEY, seller) == 200, "the seller is not"
