"""Must show 1 of issue 25: a real market opened only by ``tradepost up``, ``tradepost operator create`` and its pages, for a company
whose server has a private address (opening §1). ``make soak``; as root, since it makes a network namespace."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.check.kit_seller import KEY
from tests.factories.companies import company, typed
from tests.factories.invoices import INVOICE_PDF, TAX_NUMBER
from tests.factories.pictures import PDF, picture_file
from tests.factories.publishable import BODY_EN, BODY_ZH
from tests.journeys.corporate_network import INSIDE_HOST, NETWORK, SELLER_HOST, SellerServer, lacks, seller_server
from tests.journeys.publishing import SUPPORT
from tests.journeys.real_market import RealMarket, open_market
from tests.journeys.visitor import Visitor
from tests.market.web_scan.looking import SSLYZE

pytestmark = [pytest.mark.postgres, pytest.mark.soak, pytest.mark.timeout(900)]
OPERATOR, SELLER, BUYER = "operator@corp.example", "shen@qingxie.example", "lin@lantian.example"
PASSWORD = "correct horse battery staple"
CASES = ("newInstance", "queryInstance", "refreshInstance", "updateInstanceStatus", "releaseInstance")
PICTURE, DOCUMENT = "image/png", "application/pdf"


@dataclass(frozen=True, slots=True)
class World:
    market: RealMarket
    server: SellerServer


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    if missing := lacks():
        pytest.skip(missing)
    sslyze = str(SSLYZE) if SSLYZE.exists() else ""
    with (
        seller_server(tmp_path / "seller", key=KEY) as server,
        open_market(tmp_path / "market", sslyze=sslyze) as market,
    ):
        yield World(market, server)


def test_a_real_market_opens_and_sells_what_a_private_server_delivers(world: World) -> None:
    market = world.market
    made = market.tradepost("operator", "create", OPERATOR, "--password-stdin", stdin=f"{PASSWORD}\n")
    assert made.returncode == 0, made.stderr
    console = market.visitor()
    console.read("/account/login/")
    console.send("/account/login/", login=OPERATOR, password=PASSWORD)
    console.read("/console/")
    owner, buyer = _signs_up(market, SELLER), _signs_up(market, BUYER)
    _enters(owner, console)
    _proves_its_domain(owner, world.server)
    _gets_webhooks(owner)
    _publishes(owner, console)
    _transfers(buyer, console)
    number = _buys(buyer)
    _is_invoiced(buyer, owner, number, market)
    asked = world.server.asked
    assert "GET /.well-known/tradepost-domain.txt 200" in asked
    assert asked.count("POST /produce 200") >= 2 * len(CASES) + 2, (
        "debugged, made again at the submission, and the order"
    )
    assert "POST /hook 200" in asked
    _doctor(market)


def _signs_up(market: RealMarket, email: str) -> Visitor:
    """The account opens with the link in the mail."""
    person = market.visitor()
    person.read("/")
    person.follow("Log in")
    person.follow("Open one")
    person.send("/account/signup/", email=email, password1=PASSWORD)
    person.read(market.link_in_mail(email, "/account/confirm-email/"))
    person.send(person.action("/account/confirm-email/"))
    person.read("/balance/")
    assert person.at == "/balance/", "signed in"
    return person


def _submission(owner: Visitor, console: Visitor) -> None:
    """What was just sent is checked, and an operator finds it in the queue and approves it."""
    owner.until(owner.at, "An operator decides it by")
    console.read("/console/queue/")
    found = re.search(r'href="(/console/reviews/\d+/)"', console.text)
    assert found, console.words
    console.read(found[1])
    console.send(f"{found[1]}approve/", tick="checklist")
    assert "Approved: it is in force" in console.words


def _enters(owner: Visitor, console: Visitor) -> None:
    """business-rules §1.4. Its website is inside the company's network too."""
    owner.read("/")
    owner.follow("Sell on this market")
    owner.send("/seller/enter/")
    whole = {
        name: value
        for name, value in typed(company(website=f"https://{SELLER_HOST}/")).items()
        if name not in {"logo", "licence"}
    }
    files = {
        "logo_file": ("logo.png", picture_file(width=336, height=140), PICTURE),
        "licence_file": ("licence.pdf", PDF, DOCUMENT),
    }
    owner.send("/seller/company/draft/enter/", whole | files, tick="agreement_", act="submit")
    _submission(owner, console)
    owner.read("/seller/company/")
    owner.send("/seller/company/draft/certify/", act="begin")
    certification = {
        "account_holder": whole["name"], "bank": "招商银行", "branch": "深圳南山支行", "sealed_account": "6222020200112233445",
        "taxpayer": "general", "tax_rate": "6", "finance_name": "沈清", "finance_phone": "0755-12345678",
        "finance_email": "finance@qingxie.example",
    }  # fmt: skip
    owner.send("/seller/company/draft/certify/", certification, tick="agreement_", act="submit")
    _submission(owner, console)


def _proves_its_domain(owner: Visitor, server: SellerServer) -> None:
    """saas-v2 §1.2, §1.3. A name that leads to the market's own machine proves nothing, an address outside of the allowed
    network is refused with the setting's name, and then the production address is called for the first time."""
    owner.read("/seller/keys/")
    owner.send("/seller/keys/signing/base/", secret=KEY, status=200)
    owner.read("/seller/domains/")
    owner.send("/seller/domains/", host="10.99.0.1", status=200)
    assert "TRADEPOST_NETWORKS" in owner.words
    owner.read("/seller/domains/")
    owner.send("/seller/domains/", host=INSIDE_HOST)
    owner.send(f"{owner.at}check/")
    owner.until(owner.at, "an address that this market may not call")
    owner.read("/seller/domains/")
    owner.send("/seller/domains/", host=SELLER_HOST)
    line = re.search(r"tradepost-domain=\w+", owner.text)
    assert line, owner.words
    server.prove(line[0])
    owner.send(f"{owner.at}check/")
    owner.until(owner.at, "Verified by the file, over https")
    owner.read("/seller/addresses/new/")
    owner.send("/seller/addresses/new/", url="https://127.0.0.1/produce", protocol="saas_v2", status=200)
    assert "TRADEPOST_NETWORKS" in owner.words
    owner.read("/seller/addresses/new/")
    owner.send(
        "/seller/addresses/new/", url=f"https://{SELLER_HOST}/produce", protocol="saas_v2", require_body_sign="on"
    )
    assert "The address is registered" in owner.words


def _gets_webhooks(owner: Visitor) -> None:
    owner.read("/seller/receivers/")
    owner.read("/seller/webhooks/new/")
    owner.send("/seller/webhooks/new/", name="ERP", url=f"https://{SELLER_HOST}/hook", language="en", status=200)
    assert "whsec_" in owner.text


def _publishes(owner: Visitor, console: Visitor) -> None:
    """In one of the categories that a new market has; the web site that buyers open has passed its check."""
    owner.read("/seller/products/new/")
    owner.send("/seller/products/new/", {"kind": "SAAS", "name.zh": "云账财务大师", "name.en": "Cloud Ledger"})
    product = owner.at.partition("draft/")[0]

    def write(section: str, **said: object) -> None:
        owner.read(f"{product}draft/{section}/")
        owner.send(f"{product}draft/{section}/", said, act="save")

    write(
        "base",
        **{"summary.zh": "面向中小企业的在线软件。", "summary.en": "For smaller companies.", "category": "office"},
    )
    write("description", **{"body.zh": BODY_ZH, "body.en": BODY_EN})
    write("guide", **{"body.zh": "<p>打开网址并登录。</p>", "body.en": "<p>Log in.</p>"})
    write("support", **SUPPORT)
    write("media", **{
        "logo_file": ("logo.png", picture_file(width=240, height=240), PICTURE), "pictures.0_file": ("main.png", picture_file(), PICTURE),
    })  # fmt: skip
    write("details", **{
        "fields.web_site": "yes", "fields.web_site_front": f"https://{SELLER_HOST}/",
        "proofs.software_copyright_file": ("copyright.pdf", PDF, DOCUMENT),
    })  # fmt: skip
    owner.read(f"{product}draft/pricing/")
    for button in ("add-spec", "add-plan=month:0"):
        owner.send(f"{product}draft/pricing/", act=button)
    write("pricing", **{"specs.0.name.zh": "标准版", "specs.0.name.en": "Standard", "specs.0.rows.0.cells.0.0": "100"})
    _checks_its_web_site(owner)
    owner.read("/seller/addresses/")
    owner.send(f"{product}bind/", address=_only_choice(owner))
    owner.read(f"{product}submit/")
    debug = re.search(r'href="(/seller/debug/\d+/)', owner.text)
    assert debug, owner.words
    for activity in CASES:
        owner.read(f"{debug[1]}{activity}/")
        owner.send(f"{debug[1]}{activity}/", do="debug")
        owner.until(owner.at, "Succeeded, and saved as a case")
    owner.read(f"{product}submit/")
    assert "Nothing is missing" in owner.words
    owner.send(f"{product}submit/", tick="agreement_")
    _submission(owner, console)


def _only_choice(owner: Visitor) -> str:
    [choice] = re.findall(r'<option value="(\d+)"', owner.text.partition('name="address"')[2].partition("</select>")[0])
    return str(choice)


def _checks_its_web_site(owner: Visitor) -> None:
    owner.read("/seller/web-checks/new/")
    owner.send(
        "/seller/web-checks/new/", url=f"https://{SELLER_HOST}/", contact_name="沈清", contact_mobile="13800138000"
    )
    task = owner.at
    owner.send(f"{task}start/")
    owner.until(task, "No high finding", within=240)
    assert "Asked, and nothing found" in owner.words, owner.words
    assert "Certificate" in owner.words.partition("Asked, and nothing found")[2], "the private authority is trusted"


def _transfers(buyer: Visitor, console: Visitor) -> None:
    """business-rules §6: money by a bank transfer, which an operator books."""
    buyer.read("/balance/")
    buyer.follow("Top up by transfer")
    buyer.send("/balance/top-up/", amount="500.00")
    assert "6200000000000017" in buyer.words, "the account of the operator's own settings"
    transfer = buyer.at
    buyer.send(f"{transfer}proof/", proof_file=("receipt.png", picture_file(), PICTURE))
    console.read("/console/queue/")
    found = re.search(r'href="(/console/transfers/\d+/)"', console.text)
    assert found, console.words
    console.read(found[1])
    console.send(f"{found[1]}confirm/", amount="500.00", bank_number="icbc-2026-77", payer="蓝田", status=200)
    console.send(f"{found[1]}confirm/", confirmed="1")
    buyer.read(transfer)
    assert "On the balance" in buyer.words


def _buys(buyer: Visitor) -> str:
    """Find, choose, order, pay; the seller's server in the namespace delivers. The order's number."""
    buyer.read("/?q=财务")
    found = re.search(r'href="(/products/cloud-ledger[^"]*)"', buyer.text)
    assert found, buyer.words
    buyer.read(found[1])
    checkout = re.search(r'action="(/checkout/\d+/)"', buyer.text)
    assert checkout, buyer.words
    buyer.read(f"{checkout[1]}?plan=PERIOD-month")
    buyer.send(checkout[1], agreed="on")
    order = buyer.at
    buyer.send(f"{order}pay/")
    buyer.until(order, "How to log in")
    assert f"https://{SELLER_HOST}/login/" in buyer.text
    assert "Completed" in buyer.words
    buyer.read("/balance/")
    assert "¥ 400.00" in buyer.words
    return order.split("/")[2]


def _is_invoiced(buyer: Visitor, owner: Visitor, number: str, market: RealMarket) -> None:
    """business-rules §6.2: applied for on the order's page, reviewed and issued by the seller, mailed to the buyer."""
    buyer.read(f"/orders/{number}/")
    buyer.follow("Apply for an invoice")
    buyer.read(f"/invoices/apply/?order={number}&type=general_digital")
    buyer.follow("Enter a new one")
    buyer.send("/invoices/titles/new/", kind="company", name="蓝天科技有限公司", tax_number=TAX_NUMBER)
    buyer.send("/invoices/apply/", email="finance@lantian.example", phone="13800138000")
    invoice = buyer.at
    owner.read("/seller/invoices/")
    here = re.search(r'href="(/seller/invoices/\d+/)"', owner.text)
    assert here, owner.words
    owner.read(here[1])
    owner.send(f"{here[1]}review/", answer="approve")
    owner.send(f"{here[1]}issue/", number="24312000000012345678", file_file=("数电票.pdf", INVOICE_PDF, DOCUMENT))
    buyer.read(invoice)
    buyer.until(invoice, "Issued")
    assert buyer.download(f"{invoice}file/") == INVOICE_PDF
    market.mail_to("finance@lantian.example")


def _doctor(market: RealMarket) -> None:
    done = market.tradepost("doctor", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0, [one for one in found if one["level"] == "fail"]
    said = {one["area"]: one["said"] for one in found}
    assert said["networks"] == f"Also calls {NETWORK}."
    assert "1 certificate; the first expires on" in said["CA file"]
    assert said["settings"].startswith("A real market")
