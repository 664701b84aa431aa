"""Invoices and demands in the browser, each from the first click to its purpose: the file on the buyer's disk, the
parcel in the mail, the product that is bought (business-rules §6.2, §9; issue 12, must show 1 and 2).
"""

from __future__ import annotations

import re
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.people import Person, person
from tests.browser.running import Market
from tests.browser.saving import read_download
from tests.factories.invoices import INVOICE_PDF, TAX_NUMBER
from tests.waiting import until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
]
GO_ON = "main form button.btn-primary"
LANGUAGES = ("zh-hans", "en")
FINANCE, PHONE = "caiwu@lantian.example", "138 0013 8000"


def buy(buyer: Person, slug: str) -> str:
    """Buy a month of it and wait for the delivery. Return the number of the order, whose page is open."""
    buyer.go(f"/products/{slug}/")
    buyer.page.get_by_role("button", name=buyer.say("Buy"), exact=True).click()
    buyer.page.locator("#agreed").check()
    buyer.press("Place the order")
    buyer.press("Pay")
    expect(buyer.page.locator(".sf-access")).to_be_visible()
    found = re.search(r"/orders/([^/]+)/", buyer.page.url)
    assert found is not None
    return found[1]


def wait_for_mail(market: Market, to: str, words: str) -> EmailMessage:
    """Once it has come."""

    def come() -> list[EmailMessage]:
        return [one for one in market.mail.received if one["To"] == to and words in text_of(one)]

    until(lambda: bool(come()), what=f"{to}: {words}")
    return come()[-1]


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return f"{mail['Subject']}\n{body.get_content() if body else ''}".replace("\xa0", " ")


def wait_for_sms(market: Market, words: str) -> str:
    """Return the SMS that the file adapter writes."""

    def written() -> list[str]:
        files = (market.folder / "sms").glob("*.txt")
        return [text for one in files if words in (text := one.read_text(encoding="utf-8"))]

    until(lambda: bool(written()), what=f"an SMS: {words}")
    return written()[-1]


def apply(buyer: Person, *, kind: str, words: str, where: dict[str, str]) -> str:
    """Apply on the order's page over the steps, first with a mistyped tax number. Return the address of the
    application."""
    page = buyer.page
    page.locator('main a[href*="/invoices/apply/?order="]').click()
    page.locator(f"#type-{kind}").check()
    page.locator(GO_ON).click()
    page.locator('main a[href*="/invoices/titles/new/"]').click()
    page.locator("[name=name]").fill("蓝田精密制造有限公司")
    page.locator("[name=tax_number]").fill(f"{TAX_NUMBER[:-1]}X")
    page.locator(GO_ON).click()
    expect(page.locator("#id_tax_number_error")).to_contain_text(words)
    page.locator("[name=tax_number]").fill(TAX_NUMBER)
    page.locator(GO_ON).click()
    for name, value in where.items():
        page.locator(f"main [name={name}]").fill(value)
    page.locator(GO_ON).click()
    page.wait_for_url(re.compile(r"/invoices/\d+/"))
    return page.url.removeprefix(buyer.market.url)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_electronic_invoice_is_saved_by_the_buyer(
    browser: Browser, market: Market, tmp_path: Path, language: str
) -> None:
    words, said_number = ELECTRONIC[language], f"2651200000001234{LANGUAGES.index(language):04}"
    evil, right = tmp_path / "脚本.pdf", tmp_path / "数电票.pdf"
    evil.write_bytes(INVOICE_PDF.replace(b"/Catalog", b"/Catalog /OpenAction << /S /JavaScript >>"))
    right.write_bytes(INVOICE_PDF)
    with (
        person(browser, market, "buyer", language=language) as buyer,
        person(browser, market, "seller", language=language) as seller,
    ):
        buyer.speak(language)
        seller.speak(language)
        number = buy(buyer, "huiqi-meetings")
        at = apply(buyer, kind="general_digital", words=words["tax"], where={"email": FINANCE, "phone": PHONE})
        main = buyer.page.locator("main")
        expect(main).to_contain_text(words["missing"])
        expect(main).to_contain_text(FINANCE)
        expect(main).to_contain_text("+8613800138000")
        expect(main.locator('.tp-contact a[href^="mailto:"]')).to_be_visible()  # the seller's page is one click away

        seller.go("/seller/")
        seller.page.locator('main a[href="/seller/invoices/"]').click()
        seller.page.locator("main tbody").first.get_by_role("link").first.click()
        expect(seller.page.locator("main")).to_contain_text(number)
        seller.page.locator("button[value=approve]").click()
        seller.page.locator("[name=number]").fill(said_number)
        seller.page.locator("[name=file_file]").set_input_files(evil)
        seller.page.locator("#invoice-issue ~ form button.btn-primary").click()
        expect(seller.page.locator("main")).to_contain_text(words["script"])
        seller.page.locator("[name=file_file]").set_input_files(right)
        seller.page.locator("#invoice-issue ~ form button.btn-primary").click()
        expect(seller.page.locator("h1")).to_contain_text(words["issued"])

        [file] = wait_for_mail(market, FINANCE, said_number).iter_attachments()
        assert (file.get_filename(), file.get_content()) == ("数电票.pdf", INVOICE_PDF)
        assert "+8613800138000" in wait_for_sms(market, words["told"])
        buyer.go(at)
        with buyer.page.expect_download() as download:
            buyer.page.locator("main .tp-ok a").click()
        assert read_download(download.value) == INVOICE_PDF
        _check_invoice_letter(buyer, words["genuine"])
        buyer.go("/notices/")
        expect(main).to_contain_text(words["told"])
    assert market.faults() == []


def _check_invoice_letter(buyer: Person, genuine: str) -> None:
    """Create a letter with a click, download it, and check it at the address that it contains (§6.2)."""
    buyer.page.locator("#invoice-letter ~ form button").click()
    with buyer.page.expect_download() as download:
        buyer.page.locator('main a[href$="/letter/"]').click()
    assert read_download(download.value)[:5] == b"%PDF-"
    buyer.page.locator('main a[href^="/letters/"]').click()
    expect(buyer.page.locator("main")).to_contain_text(genuine)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_overdue_paper_invoice_is_shown_to_all_three_sides(browser: Browser, market: Market, language: str) -> None:
    """Buyer, seller and operator see what is due. It disappears from the operator's queue when it is done."""
    words = PAPER[language]
    with (
        person(browser, market, "buyer", language=language) as buyer,
        person(browser, market, "seller", language=language) as seller,
        person(browser, market, "operator", language=language) as operator,
    ):
        for each in (buyer, seller, operator):
            each.speak(language)
        seller.go("/seller/invoices/types/")
        seller.page.locator("[value=general_paper]").check()
        seller.page.locator(GO_ON).click()
        buy(buyer, "huiqi-meetings")
        where = {"name": "Ms Wang", "phone": PHONE, "address": "1 Century Avenue, Pudong, Shanghai"}
        at = apply(buyer, kind="general_paper", words=words["tax"], where=where)
        expect(buyer.page.locator("main")).to_contain_text(words["due"])

        market.clock_advance("8d")
        buyer.go(at)
        expect(buyer.page.locator("main")).to_contain_text(words["late"])
        wait_for_mail(market, market.made["seller"], words["overdue"])
        seller.go("/seller/invoices/")
        expect(seller.page.locator("main tbody").first).to_contain_text(words["overdue"])
        operator.go("/console/queue/")
        expect(operator.page.locator("main")).to_contain_text(words["queue"])

        seller.page.locator("main tbody").first.get_by_role("link").first.click()
        seller.page.locator("button[value=approve]").click()
        number = f"1234567{LANGUAGES.index(language)}"
        for name, value in {"number": number, "carrier": "SF Express", "parcel": "SF1234567890"}.items():
            seller.page.locator(f"[name={name}]").fill(value)
        seller.page.locator("#invoice-issue ~ form button.btn-primary").click()
        expect(seller.page.locator("h1")).to_contain_text(words["issued"])
        buyer.go(at)
        expect(buyer.page.locator("main")).to_contain_text(words["sent"])
        wait_for_sms(market, words["told"])
        operator.go("/console/queue/")
        expect(operator.page.locator("main")).not_to_contain_text(words["queue"])
    assert market.faults() == []


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_visitor_publishes_a_demand_and_buys_the_answer(browser: Browser, market: Market, language: str) -> None:
    words = WORDS[language]
    mail = f"anna.{language}@nordlicht.example"
    with person(browser, market, language=language) as visitor, person(browser, market, "operator") as operator:
        visitor.go(f"/?q={words['sought']}")
        visitor.page.locator('main a[href^="/demands/new/"]').click()
        expect(visitor.page.locator("[name=requirement]")).to_have_value(words["sought"])
        visitor.page.locator("[name=requirement]").fill(words["needs"])
        visitor.page.locator("[name=contact]").fill("Anna Berg")
        visitor.page.locator("main form [name=email]").fill(mail)
        send = visitor.page.locator(GO_ON)
        send.dblclick()  # a second click does not create a second demand
        visitor.page.wait_for_url("**/demands/follow/*/")
        follow = visitor.page.url.removeprefix(market.url)
        assert follow in text_of(wait_for_mail(market, mail, words["received"]))

        operator.go("/console/demands/")
        rows = operator.page.locator("main tbody tr").filter(has_text=words["needs"])
        expect(rows).to_have_count(1)
        rows.get_by_role("link").first.click()
        operator.page.locator("[name=words]").first.fill(words["answer"])
        operator.page.locator("[name=product_words]").fill("yunjian-docs")
        operator.page.locator("#demand-products [name=product]").check()
        operator.page.locator("#answer ~ form button.btn-primary").click()
        expect(operator.page.locator("h1")).to_contain_text("Answered")
        link = re.search(r"/demands/follow/\S+/", text_of(wait_for_mail(market, mail, words["answered"])))
        assert link is not None

    with person(browser, market, "buyer", language=language) as buyer:
        buyer.go(link[0])
        expect(buyer.page.locator("main")).to_contain_text(words["answer"])
        buyer.page.locator("main a.btn-accent").click()
        expect(buyer.page.get_by_role("heading", level=1)).to_have_text(words["product"])
        buy(buyer, "yunjian-docs")
    assert market.faults() == []


WORDS = {
    "zh-hans": {
        "sought": "投标文件协同", "needs": "投标文件要五六个人一起写，要看得出谁改了哪一段。", "received": "我们已收到您的需求",
        "answer": "云笺协作文档可以满足。", "answered": "您的需求已有答复：云笺协作文档", "product": "云笺协作文档",
    },
    "en": {
        "sought": "collaborative bids", "needs": "Six of us write bids together and must see who changed what.",
        "received": "We have received your demand", "answer": "Cloudleaf Docs does this.",
        "answered": "Your demand is answered: Cloudleaf Docs", "product": "Cloudleaf Docs",
    },
}  # fmt: skip
ELECTRONIC = {
    "zh-hans": {
        "tax": "统一社会信用代码", "missing": "没有收到发票？", "script": "该 PDF 含有脚本", "issued": "已完成", "told": "已为您开具发票",
        "genuine": "说明函属实，对应的发票有效。",
    },
    "en": {
        "tax": "unified social credit code", "missing": "Invoice not received?", "script": "This PDF contains a script or other content that runs when it is opened. Upload an invoice without such content", "issued": "Issued",
        "told": "Your invoice from", "genuine": "This letter is genuine, and its invoice is valid.",
    },
}  # fmt: skip
PAPER = {
    "zh-hans": {
        "tax": "统一社会信用代码", "due": "商家应于", "late": "商家处理逾期", "overdue": "逾期", "queue": "商家逾期未开的发票",
        "issued": "已完成", "sent": "发票已寄出：SF Express，单号 SF1234567890", "told": "已寄出您的发票",
    },
    "en": {
        "tax": "unified social credit code", "due": "The seller has until", "late": "The seller is late", "overdue": "overdue",
        "queue": "Invoice not issued by the seller", "issued": "Issued", "sent": "SF Express, parcel SF1234567890",
        "told": "is on its way",
    },
}  # fmt: skip
