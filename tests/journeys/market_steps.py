"""Steps of people in a real market, on its pages only: shared by the journeys that open one."""

from __future__ import annotations

import re

from tests.check.kit_seller import KEY
from tests.factories.companies import company, typed
from tests.factories.invoices import INVOICE_PDF, TAX_NUMBER
from tests.factories.pictures import PDF, picture_file
from tests.factories.publishable import BODY_EN, BODY_ZH
from tests.journeys.corporate_network import INSIDE_HOST, SELLER_HOST, SellerServer
from tests.journeys.publishing import SUPPORT
from tests.journeys.real_market import RealMarket
from tests.journeys.visitor import Visitor

PASSWORD = "correct horse battery staple"
CASES = ("newInstance", "queryInstance", "refreshInstance", "updateInstanceStatus", "releaseInstance")
PICTURE, DOCUMENT = "image/png", "application/pdf"


def create_first_operator(market: RealMarket, email: str) -> Visitor:
    """Create the first operator on the machine. All later steps use the pages."""
    made = market.tradepost("operator", "create", email, "--password-stdin", stdin=f"{PASSWORD}\n")
    assert made.returncode == 0, made.stderr
    console = log_in(market, email)
    console.read("/console/")
    return console


def log_in(market: RealMarket, email: str) -> Visitor:
    person = market.visitor()
    person.read("/account/login/")
    person.send("/account/login/", login=email, password=PASSWORD)
    return person


def publish_agreements(market: RealMarket, console: Visitor) -> None:
    """Issue 28: "Agreements are drafts until an operator publishes them." No company registers before that."""
    stranger = market.visitor()
    stranger.read("/account/signup/")
    assert "Registration is not open yet" in stranger.words
    for kind in ("seller", "publish", "buyer", "privacy"):
        console.read(f"/console/agreements/{kind}/preview/")
        console.send(f"/console/agreements/{kind}/publish/")


def sign_up(market: RealMarket, email: str) -> Visitor:
    """Create an account through the link in the mail."""
    person = market.visitor()
    person.read("/")
    person.follow("Sign in")
    person.follow("Create one")
    return fill_in_sign_up(market, person, email)


def fill_in_sign_up(market: RealMarket, person: Visitor, email: str, *, then: str = "") -> Visitor:
    """Sign up on the open page, with consent to the privacy policy. The link in the mail confirms the address and leads
    to ``then``."""
    person.send("/account/signup/", email=email, password1=PASSWORD, privacy="on")
    person.read(market.link_in_mail(email, "/account/confirm-email/"))
    person.send(person.action("/account/confirm-email/"))
    assert not then or person.at == then
    person.read("/balance/")
    assert person.at == "/balance/", "signed in"
    return person


def approve_submission(owner: Visitor, console: Visitor) -> None:
    """Wait for the checks of the submission, then approve it as an operator from the queue."""
    owner.until(owner.at, "An operator decides it by")
    console.read("/console/queue/")
    found = re.search(r'href="(/console/reviews/\d+/)"', console.text)
    assert found, console.words
    console.read(found[1])
    console.send(f"{found[1]}approve/", tick="checklist")
    assert "Approved and in effect" in console.words


def admit_company(owner: Visitor, console: Visitor) -> str:
    """business-rules §1.4. Apply as a company, admit it as an operator, and return its name."""
    name = apply_as_company(owner)
    approve_submission(owner, console)
    return name


def apply_as_company(owner: Visitor) -> str:
    """Apply as a company and return its name. Its website is inside the company's network too."""
    owner.read("/")
    owner.follow("Sell on this store")
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
    return str(whole["name"])


def certify_company(owner: Visitor, console: Visitor, holder: str) -> None:
    """business-rules §1.5. Certify the company with the bank account for its payouts."""
    owner.read("/seller/company/")
    owner.send("/seller/company/draft/certify/", act="begin")
    certification = {
        "account_holder": holder, "bank": "招商银行", "branch": "深圳南山支行", "sealed_account": "6222020200112233445",
        "taxpayer": "general", "tax_rate": "6", "finance_name": "沈清", "finance_phone": "0755-12345678",
        "finance_email": "finance@qingxie.example",
    }  # fmt: skip
    owner.send("/seller/company/draft/certify/", certification, tick="agreement_", act="submit")
    approve_submission(owner, console)


def prove_domain(owner: Visitor, server: SellerServer) -> None:
    """saas-v2 §1.2, §1.3. A name that resolves to the market's own machine proves nothing. An address outside the
    allowed network is refused with the name of the setting. Then the production address is called for the first time.
    """
    owner.read("/seller/keys/")
    owner.send("/seller/keys/signing/base/", secret=KEY, status=200)
    owner.read("/seller/domains/")
    owner.send("/seller/domains/", host="10.99.0.1", status=422)
    assert "TRADEPOST_NETWORKS" in owner.words
    owner.read("/seller/domains/")
    owner.send("/seller/domains/", host=INSIDE_HOST)
    owner.send(f"{owner.at}check/")
    owner.until(
        owner.at,
        "The name resolves to an address that this store must not call. It calls public addresses and the networks in TRADEPOST_NETWORKS, which the operator sets",
    )
    owner.read("/seller/domains/")
    owner.send("/seller/domains/", host=SELLER_HOST)
    line = re.search(r"tradepost-domain=\w+", owner.text)
    assert line, owner.words
    server.prove(line[0])
    owner.send(f"{owner.at}check/")
    owner.until(owner.at, "Verified by the file, over https")
    owner.read("/seller/addresses/new/")
    owner.send("/seller/addresses/new/", url="https://127.0.0.1/produce", protocol="saas_v2", status=422)
    assert "TRADEPOST_NETWORKS" in owner.words
    owner.read("/seller/addresses/new/")
    owner.send(
        "/seller/addresses/new/", url=f"https://{SELLER_HOST}/produce", protocol="saas_v2", require_body_sign="on"
    )
    assert "The address was registered" in owner.words


def publish_product(owner: Visitor, console: Visitor, *, price: str = "100") -> None:
    """Publish in one of the categories of a new market. ``price`` is per month. The web site for buyers has passed its
    check."""
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
    write("guide", **{"body.zh": "<p>打开网址并登录。</p>", "body.en": "<p>Sign in.</p>"})
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
    write("pricing", **{"specs.0.name.zh": "标准版", "specs.0.name.en": "Standard", "specs.0.rows.0.cells.0.0": price})
    _check_web_site(owner)
    owner.read("/seller/addresses/")
    owner.send(f"{product}bind/", address=_only_choice(owner))
    owner.read(f"{product}submit/")
    debug = re.search(r'href="(/seller/debug/\d+/)', owner.text)
    assert debug, owner.words
    for activity in CASES:
        owner.read(f"{debug[1]}{activity}/")
        owner.send(f"{debug[1]}{activity}/", do="debug")
        owner.until(owner.at, "Succeeded and saved as a case")
    owner.read(f"{product}submit/")
    assert "No required information is missing" in owner.words
    owner.send(f"{product}submit/", tick="agreement_")
    approve_submission(owner, console)


def _only_choice(owner: Visitor) -> str:
    [choice] = re.findall(r'<option value="(\d+)"', owner.text.partition('name="address"')[2].partition("</select>")[0])
    return str(choice)


def _check_web_site(owner: Visitor) -> None:
    owner.read("/seller/web-checks/new/")
    owner.send(
        "/seller/web-checks/new/", url=f"https://{SELLER_HOST}/", contact_name="沈清", contact_mobile="13800138000"
    )
    task = owner.at
    owner.send(f"{task}start/")
    owner.until(task, "No high finding", within=240)
    assert "Checked, nothing found" in owner.words, owner.words
    assert "Certificate" in owner.words.partition("Checked, nothing found")[2], "the private authority is trusted"


def transfer_money(buyer: Visitor, amount: str) -> str:
    """business-rules §6: pay by bank transfer and upload the bank's receipt. Return the page of the transfer."""
    buyer.read("/balance/")
    buyer.follow("Top up by transfer")
    buyer.send("/balance/top-up/", amount=amount)
    assert "6200000000000017" in buyer.words, "the account of the operator's own settings"
    transfer = buyer.at
    buyer.send(f"{transfer}proof/", proof_file=("receipt.png", picture_file(), PICTURE))
    return transfer


def book_transfer(console: Visitor, amount: str, bank_number: str) -> str:
    """Book the transfer as an operator from the queue, in two steps. Return its page."""
    console.read("/console/queue/")
    found = re.search(r'href="(/console/transfers/\d+/)"', console.text)
    assert found, console.words
    console.read(found[1])
    console.send(f"{found[1]}confirm/", amount=amount, bank_number=bank_number, payer="蓝田", status=200)
    console.send(f"{found[1]}confirm/", confirmed="1")
    return found[1]


def buy_by_the_month(buyer: Visitor) -> str:
    """Find the product, choose a month, order and pay. The seller's server in the namespace delivers. Return the
    order's number."""
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
    buyer.until(order, "Login details")
    assert f"https://{SELLER_HOST}/login/" in buyer.text
    assert "Completed" in buyer.words
    return order.split("/")[2]


def get_invoice(market: RealMarket, buyer: Visitor, owner: Visitor, number: str) -> None:
    """business-rules §6.2: the buyer applies on the order's page, the seller reviews and issues, the market mails it to
    the buyer."""
    buyer.read(f"/orders/{number}/")
    buyer.follow("Apply for an invoice")
    buyer.read(f"/invoices/apply/?order={number}&type=general_digital")
    buyer.follow("Enter a new title")
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


def link(person: Visitor, pattern: str) -> str:
    """Return the address of the link on the person's page that matches the pattern."""
    match = re.search(rf'href="({pattern})"', person.text)
    assert match, person.words
    return str(match[1])
