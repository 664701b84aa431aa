"""Must show 1 of issue 28: operators with roles open a market in production mode on its pages alone, sell, and pay the
seller after the end of the month (opening §2; business-rules §8).

Runs in ``make soak`` as root, since it creates a network namespace. With Debian's ``faketime``, all restart at a later time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests import machine, postgres
from tests.check.kit_seller import KEY
from tests.factories.invoices import INVOICE_PDF, TAX_NUMBER
from tests.factories.pictures import picture_file
from tests.journeys import market_steps as steps
from tests.journeys import openid_provider as openid
from tests.journeys.corporate_network import (
    PROVIDER_HOST,
    SellerServer,
    company_network,
    missing_for_network,
    seller_server,
)
from tests.journeys.phone import Phone, turn_on_two_steps
from tests.journeys.real_market import RealMarket, ahead_by, open_market
from tests.journeys.visitor import Visitor
from tests.market.web_scan.looking import SSLYZE
from tradepost.cli.serve import free_port

pytestmark = [pytest.mark.postgres, pytest.mark.soak, pytest.mark.timeout(1800)]
OWNER, FINANCE, REVIEWER = "owner@longhe.example", "fang@longhe.example", "rui@longhe.example"
SELLER, OWN_COMPANY, BUYER = "shen@qingxie.example", "jiang@longhe.example", "lin@lantian.example"
BRANDING = {
    "name": "长河云市场", "name_en": "Longhe Cloud Market", "colour": "#7a2e0e", "company": "长河云科技有限公司", "company_en": "Longhe Cloud Ltd.",
    "icp": "粤ICP备2026123456号", "support_email": "support@longhe.example", "hours": "工作日 9:00–18:00", "hours_en": "Workdays 9:00–18:00",
}  # fmt: skip
GROUP = "market-reviewers"
STEPS = ("branding", "categories", "agreements", "payment", "mail", "second_step", "seller", "product")


@dataclass(slots=True)
class World:
    """``at``: the provider. ``redirect``: the callback of the market, from its page."""

    market: RealMarket
    server: SellerServer
    cluster: postgres.Cluster
    folder: Path
    inside: list[str]
    issuer: str = f"https://{PROVIDER_HOST}:{free_port()}"
    redirect: str = ""
    at: openid.Provider = field(init=False)
    providers: ExitStack = field(default_factory=ExitStack)

    def start_provider(self) -> None:
        self.providers.close()
        name = f"provider-{self.market.ahead.days}"
        provider = openid.openid_provider(
            self.folder / name, self.inside, issuer=self.issuer, redirect=self.redirect, ahead=self.market.ahead
        )
        self.at = self.providers.enter_context(provider)

    def groups(self, *groups: str) -> None:
        """Set the groups of the reviewer at the company."""
        reviewer = {"email": REVIEWER, "email_verified": True, "name": "Rui", "groups": ["staff", *groups]}
        self.at.set_employees(rui=reviewer)

    def restart_later(self, ahead: timedelta) -> None:
        """Stop market and database, and start them with clocks this far ahead of real time."""
        self.market.stop()
        self.cluster.shut_down()
        self.market.ahead = ahead
        self.cluster = self.cluster.start_again(under=ahead_by(ahead))
        self.market.start()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    if missing := missing_for_network("faketime", "node"):
        pytest.skip(missing)
    sslyze, binaries = str(SSLYZE) if SSLYZE.exists() else "", machine.find_postgres()
    assert binaries is not None
    cluster = postgres.start(binaries)
    with ExitStack() as stack:
        inside = stack.enter_context(company_network())
        server = stack.enter_context(seller_server(tmp_path / "seller", inside, key=KEY))
        market = stack.enter_context(open_market(tmp_path / "market", sslyze=sslyze, database=cluster.url))
        made = World(market, server, cluster, tmp_path, inside)
        stack.callback(made.providers.close)
        try:
            yield made
        finally:
            market.stop()
            made.cluster.stop()


def test_operators_open_a_market_and_pay_a_seller_after_the_month(world: World) -> None:
    market = world.market
    owner = steps.create_first_operator(market, OWNER)
    assert _open_steps(owner) == ["branding", "agreements", "second_step", "seller", "product"]
    phone = _open_market(market, owner)
    assert _open_steps(owner) == ["seller", "product"]
    finance = _invite_finance(market, owner)
    reviewer = _sign_in_through_company(world, owner)
    assert _open_steps(owner) == ["second_step", "seller", "product"], "two operators have one step"
    seller = _admit_company(world, owner, finance, reviewer)
    steps.publish_product(seller, reviewer, price="2000")
    assert _open_steps(owner) == ["second_step"]
    _set_fee(finance)
    buyer = steps.sign_up(market, BUYER)
    _set_up_own_company(market, owner, reviewer)
    _book_with_second_operator(market, buyer, owner=owner, finance=finance, reviewer=reviewer)
    number = steps.buy_by_the_month(buyer)
    steps.get_invoice(market, buyer, seller, number)
    _leave_and_rejoin_group(world, reviewer)
    _refuse_to_remove_last_owner(market, owner)
    _advance_a_month(world)
    _pay_seller(world, phone, number)
    _doctor(market)


def _open_steps(owner: Visitor) -> list[str]:
    """Return the steps that the checklist *Setup checklist* does not show as done."""
    owner.read("/console/first-sale/")
    found = re.findall(r'data-step="(\w+)" data-state="(\w+)"', owner.text)
    assert tuple(step for step, _state in found) == STEPS
    return [step for step, state in found if state != "done"]


def _open_market(market: RealMarket, owner: Visitor) -> Phone:
    """Set the branding, the agreements, two-step sign-in of the owner, the limit, and who may register."""
    owner.read("/console/branding/")
    owner.send("/console/branding/", BRANDING, preview="1", status=200)
    assert "They are not saved yet" in owner.words
    owner.send("/console/branding/", BRANDING)
    logo = ("logo.png", picture_file(width=240, height=80), steps.PICTURE)
    owner.send("/console/branding/pictures/logo/", logo_file=logo)
    stranger = market.visitor("zh-hans")
    stranger.read("/")
    assert all(words in stranger.text for words in ("长河云市场", "粤ICP备2026123456号"))
    steps.publish_agreements(market, owner)
    phone = turn_on_two_steps(market, owner)
    owner.read("/console/approvals/limit/")
    assert "No other operator can approve requests yet" in owner.words
    owner.send("/console/approvals/limit/", amount="1000", reason="A small market.")
    owner.read("/console/registration/")
    owner.send("/console/registration/", buyers="open", sellers="invited")
    return phone


def _invite_finance(market: RealMarket, owner: Visitor) -> Visitor:
    """Invite by mail. The link creates the account, once."""
    owner.read("/console/operators/invite/")
    owner.send("/console/operators/invite/", email=FINANCE, role="finance")
    link = market.link_in_mail(FINANCE, "/console/join/")
    finance = market.visitor()
    finance.read(link)
    assert "as Finance" in finance.words
    finance.send(link, name="Fang", password=steps.PASSWORD)
    market.visitor().read(link, status=404)
    return _enter_console(market, FINANCE)


def _enter_console(market: RealMarket, email: str) -> Visitor:
    person = steps.log_in(market, email)
    assert person.at == "/console/", person.words
    return person


def _sign_in_through_company(world: World, owner: Visitor) -> Visitor:
    """Add a provider on its page; a group at the company makes the reviewer. OpenID Connect Core §11: the first sign-in
    gets no refresh token, and the page says what to change."""
    owner.read("/console/sign-in/new/")
    provider = {
        "name": "Longhe SSO", "issuer": world.issuer, "client_id": openid.CLIENT, "secret": openid.SECRET, "for_operators": "on",
        "scopes": "openid profile email groups offline_access", "roles": f"{GROUP} = reviewer", "groups_claim": "groups",
    }  # fmt: skip
    owner.send("/console/sign-in/new/", provider)
    page = owner.at
    shown = re.search(r"https://\S+/login/callback/", owner.words)
    assert shown, owner.words
    world.redirect = shown[0]
    world.start_provider()
    world.groups()
    assert "None of your groups" in _sign_in_by_provider(world).words
    world.groups(GROUP)
    reviewer = _sign_in_by_provider(world)
    assert reviewer.at == "/console/", reviewer.words
    warning = "no refresh token"
    owner.read(page)
    assert warning in owner.words
    owner.send(page, asks_consent="on")
    reviewer = _sign_in_by_provider(world)
    owner.read(page)
    assert warning not in owner.words
    return reviewer


def _sign_in_by_provider(world: World) -> Visitor:
    person = world.market.visitor()
    person.read("/account/login/")
    person.follow("Sign in with Longhe SSO")
    world.at.sign_in(person, "rui")
    return person


def _admit_company(world: World, owner: Visitor, finance: Visitor, reviewer: Visitor) -> Visitor:
    """By invitation only. An operator who is not a reviewer cannot decide about it."""
    market = world.market
    curious = steps.sign_up(market, "guest@lantian.example")
    curious.read("/seller/enter/")
    assert "only by invitation" in curious.words
    seller = _sign_up_by_invitation(market, owner, SELLER)
    name = steps.apply_as_company(seller)
    seller.until(seller.at, "An operator decides it by")
    finance.read("/console/reviews/")
    found = re.search(r'href="(/console/reviews/\d+/)"', finance.text)
    assert found, finance.words
    finance.push(f"{found[1]}approve/")
    seller.read(seller.at)
    assert "An operator decides it by" in seller.words, "nothing was decided"
    steps.approve_submission(seller, reviewer)
    steps.certify_company(seller, reviewer, holder=name)
    steps.prove_domain(seller, world.server)
    return seller


def _sign_up_by_invitation(market: RealMarket, owner: Visitor, email: str) -> Visitor:
    """Create an account by an invitation to sell, which leads to the application."""
    owner.read("/console/registration/invite/")
    owner.send("/console/registration/invite/", side="seller", emails=email, language="en")
    person = market.visitor()
    person.read(market.link_in_mail(email, "/invitation/"))
    person.follow("Create an account")
    return steps.fill_in_sign_up(market, person, email, then="/seller/enter/")


def _set_fee(finance: Visitor) -> None:
    """business-rules §8.2: for this seller, from this month on."""
    finance.read("/console/sellers/")
    finance.follow("Qingxie Software")
    name = re.search(r"<h1>\s*([^<]+?)\s*<", finance.text)
    assert name, finance.words
    finance.read("/console/fees/new/")
    finance.send(
        "/console/fees/new/",
        name="First year",
        seller=name[1],
        kind="SAAS",
        share="97.5",
        starts=f"{datetime.now(UTC):%Y-%m}",
    )
    assert "In force" in finance.words


def _set_up_own_company(market: RealMarket, owner: Visitor, reviewer: Visitor) -> None:
    """business-rules §6.5: the company that issues invoices over the fee. No operator acts on a company that they belong to."""
    founder = _sign_up_by_invitation(market, owner, OWN_COMPANY)
    steps.apply_as_company(founder)
    steps.approve_submission(founder, reviewer)
    owner.read("/console/sellers/")
    here = max(re.findall(r"/console/sellers/\d+/", owner.text))
    owner.read(here)
    owner.send(f"{here}self-operated/", on="yes")
    founder.read("/seller/members/invite/")
    founder.send("/seller/members/invite/", email=OWNER, tick="groups")
    join = market.link_in_mail(OWNER, "/seller/join/")
    owner.read(join)
    owner.send(join)
    owner.read(here)
    owner.push(f"{here}self-operated/", {"on": ""})
    owner.read(here)
    assert "The store's own" in owner.words


def _book_with_second_operator(
    market: RealMarket, buyer: Visitor, *, owner: Visitor, finance: Visitor, reviewer: Visitor
) -> None:
    """Decision 0107: above the limit a second operator decides, and only roles for money can book."""
    transfer = steps.transfer_money(buyer, "5000.00")
    there = steps.book_transfer(finance, "5000.00", "icbc-2026-77")
    assert "A second operator must approve this" in finance.words
    request = finance.at
    reviewer.read("/console/")
    booking = {"amount": "5000.00", "bank_number": "icbc-2026-78", "payer": "x", "confirmed": "1"}
    reviewer.push(f"{there}confirm/", booking)
    finance.push(f"{request}approve/", status=302)
    reviewer.push(f"{request}approve/")
    buyer.read("/balance/")
    assert "¥ 0.00" in buyer.words
    _approve_as_owner(owner)
    buyer.read(transfer)
    assert "was added to your balance" in buyer.words
    buyer.read("/balance/")
    assert "¥ 5,000.00" in buyer.words


def _approve_as_owner(owner: Visitor) -> None:
    """Find the request in the queue, open its subject, and approve it as the owner."""
    owner.read("/console/queue/")
    found = re.search(r'href="(/console/approvals/\d+/)"', owner.text)
    assert found, owner.words
    owner.read(found[1])
    assert re.search(r'href="/console/(transfers|settlements)/\d+/"', owner.text)
    owner.send(f"{found[1]}approve/")
    assert "Approved and executed" in owner.words


def _leave_and_rejoin_group(world: World, reviewer: Visitor) -> None:
    """Decision 0108: the market fetches the groups with the refresh token. A person who left is signed out, and can
    sign in again with the group."""
    reviewer.read("/console/")
    assert reviewer.at == "/console/"
    world.groups()
    world.restart_later(timedelta(minutes=15))
    reviewer.until("/console/", "Forgot your password?")
    assert "None of your groups" in _sign_in_by_provider(world).words
    world.groups(GROUP)
    assert _sign_in_by_provider(world).at == "/console/"


def _refuse_to_remove_last_owner(market: RealMarket, owner: Visitor) -> None:
    done = market.tradepost("operator", "revoke", OWNER)
    assert done.returncode != 0
    assert "last owner" in done.stderr + done.stdout
    owner.read("/console/operators/")
    assert "Owner" in owner.words


def _advance_a_month(world: World) -> None:
    """Advance until the market has created the statements: the third day of the next month, or the next working day."""
    now = datetime.now(UTC)
    until = (now.replace(day=1) + timedelta(days=31)).replace(day=15, hour=4)
    world.restart_later(until - now)
    world.start_provider()
    world.groups(GROUP)


def _pay_seller(world: World, phone: Phone, number: str) -> None:
    """business-rules §8.1, §8.4: the statement names the policy; the seller agrees; finance pays, and a second operator
    approves."""
    market = world.market
    seller, finance = steps.log_in(market, SELLER), _enter_console(market, FINANCE)
    seller.read("/seller/")
    seller.until("/seller/settlements/", "Waiting for agreement until")
    here = steps.link(seller, r"/seller/settlements/\d+/")
    seller.read(here)
    assert all(words in seller.words for words in (number, "Fee policy: First year", "97.5", "¥ 50.00", "¥ 1,950.00"))
    there = here.replace("/seller/", "/console/")
    reviewer = _sign_in_by_provider(world)
    assert reviewer.at == "/console/", "the groups gave the role again"
    reviewer.push(f"{there}pay/", {"bank_number": "ICBC-PAY-0"})
    seller.send(f"{here}sign/")
    finance.read(there)
    finance.send(f"{there}account/", status=200)
    assert "6222020200112233445" in finance.words
    finance.send(f"{there}pay/", bank_number="ICBC-PAY-1")
    assert "A second operator must approve this" in finance.words
    seller.read(here)
    assert "Payment in progress" in seller.words
    owner = steps.log_in(market, OWNER)
    owner.send(owner.at, code=phone.code())
    _approve_as_owner(owner)
    seller.read(here)
    assert "ICBC-PAY-1" in seller.words
    _issue_fee_invoice(seller, finance)
    owner.read("/console/ledger/?check=1")
    assert "The books add up" in owner.words
    assert re.search(r"Difference from the money received ¥ 0\.00", owner.words)


def _issue_fee_invoice(seller: Visitor, finance: Visitor) -> None:
    """business-rules §6.5: the market's own company issues it."""
    seller.follow("Apply for a fee invoice")
    seller.send(
        "/seller/settlements/invoices/apply/", type="general_digital", name="青榭软件有限公司", tax_number=TAX_NUMBER,
        email="caiwu@qingxie.example",
    )  # fmt: skip
    applied = seller.at
    finance.read("/console/invoices/")
    desk = steps.link(finance, r"/console/invoices/\d+/")
    finance.read(desk)
    finance.send(f"{desk}review/", answer="approve")
    file: Any = ("fee.pdf", INVOICE_PDF, steps.DOCUMENT)
    finance.send(f"{desk}issue/", number="24312000000012345679", file_file=file)
    seller.read(applied)
    assert seller.download(f"{applied}file/") == INVOICE_PDF


def _doctor(market: RealMarket) -> None:
    done = market.tradepost("doctor", "--json")
    assert (done.returncode, [check for check in json.loads(done.stdout) if check["level"] != "ok"]) == (0, [])
