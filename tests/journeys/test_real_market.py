"""Must show 1 of issue 25: a real market opened only by ``tradepost up``, ``tradepost operator create`` and its pages,
for a company whose server has a private address (opening §1). Runs as root because it creates a
network namespace.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.check.kit_seller import KEY
from tests.journeys import market_steps as steps
from tests.journeys.corporate_network import (
    NETWORK,
    SELLER_HOST,
    SellerServer,
    company_network,
    missing_for_network,
    seller_server,
)
from tests.journeys.real_market import RealMarket, open_market
from tests.journeys.visitor import Visitor
from tests.market.web_scan.looking import SSLYZE

pytestmark = [pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(900)]
OPERATOR, SELLER, BUYER = "operator@corp.example", "shen@qingxie.example", "lin@lantian.example"


@dataclass(frozen=True, slots=True)
class World:
    market: RealMarket
    server: SellerServer


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    if missing := missing_for_network():
        pytest.skip(missing)
    sslyze = str(SSLYZE) if SSLYZE.exists() else ""
    with (
        company_network() as inside,
        seller_server(tmp_path / "seller", inside, key=KEY) as server,
        open_market(tmp_path / "market", sslyze=sslyze) as market,
    ):
        yield World(market, server)


def test_real_market_opens_and_sells_from_a_private_server(world: World) -> None:
    market = world.market
    console = steps.create_first_operator(market, OPERATOR)
    steps.publish_agreements(market, console)
    owner, buyer = steps.sign_up(market, SELLER), steps.sign_up(market, BUYER)
    steps.certify_company(owner, console, holder=steps.admit_company(owner, console))
    steps.prove_domain(owner, world.server)
    _set_up_webhooks(owner)
    steps.publish_product(owner, console)
    transfer = steps.transfer_money(buyer, "500.00")
    steps.book_transfer(console, "500.00", "icbc-2026-77")
    buyer.read(transfer)
    assert "was added to your balance" in buyer.words
    number = steps.buy_by_the_month(buyer)
    buyer.read("/balance/")
    assert "¥ 400.00" in buyer.words
    steps.get_invoice(market, buyer, owner, number)
    asked = world.server.asked
    assert "GET /.well-known/tradepost-domain.txt 200" in asked
    assert asked.count("POST /produce 200") >= 2 * len(steps.CASES) + 2, (
        "debugged, made again at the submission, and the order"
    )
    assert "POST /hook 200" in asked
    _run_doctor(market)


def _set_up_webhooks(owner: Visitor) -> None:
    owner.read("/seller/receivers/")
    owner.read("/seller/webhooks/new/")
    owner.send("/seller/webhooks/new/", name="ERP", url=f"https://{SELLER_HOST}/hook", language="en", status=200)
    assert "whsec_" in owner.text


def _run_doctor(market: RealMarket) -> None:
    done = market.tradepost("doctor", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0, [one for one in found if one["level"] == "fail"]
    said = {one["area"]: one["said"] for one in found}
    assert said["networks"] == f"Also calls {NETWORK}."
    assert "1 certificate; the first expires on" in said["CA file"]
    assert said["settings"].startswith("A real market; data in ")
