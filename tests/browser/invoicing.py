"""A chapter of history.py: an issued invoice whose buyer wants a correction, one that waits, and one on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradepost.market.invoices.models import Invoice


def invoice(_seller_url: str) -> dict[str, str]:
    from tests.factories.invoices import INVOICE_PDF
    from tradepost.market.base import clock
    from tradepost.market.base.config import config
    from tradepost.market.invoices.deadlines import deadline_of
    from tradepost.market.invoices.invoice_files import InvoiceFile
    from tradepost.market.invoices.issue import request_change
    from tradepost.market.invoices.letters import make_letter

    now = clock.now()
    digital = applied("qianhu-esign", "special_digital")
    done = issue(
        digital, number="26512000000012345678", file=InvoiceFile("pdf", "dzfp_26512000000012345678.pdf", INVOICE_PDF)
    )
    letter = make_letter(digital, months=6, now=now)
    request_change(
        digital, "correct", "开户行写错了，请更正后重新开具。", patience=deadline_of(config().invoices), now=now
    )
    paper = issue(
        applied("qingxie-mail", "general_paper"), number="12345678", carrier="顺丰速运", parcel="SF1234567890123"
    )
    waiting = applied("huiqi-meetings", "general_digital")
    return {"letter": letter.code, "issued invoice": done, "paper invoice": paper, "asked invoice": str(waiting.pk)}


def applied(slug: str, kind: str) -> Invoice:
    """Return the application for an invoice of the newest order of this product without one."""
    from tradepost.market.base import clock
    from tradepost.market.base.config import config
    from tradepost.market.invoices import types
    from tradepost.market.invoices.apply import Application, apply
    from tradepost.market.invoices.deadlines import deadline_of
    from tradepost.market.invoices.receiver import InvoiceReceiver
    from tradepost.market.invoices.titles import TitleDocument, save_title
    from tradepost.market.orders.models import OrderLine

    now, patience = clock.now(), deadline_of(config().invoices)
    company = TitleDocument(
        kind="company", name="蓝田精密制造有限公司", tax_number="91440300708461136T", company_address="西安市高新区锦业路 1 号",
        company_phone="029-88881234", bank="中国银行西安高新支行", bank_account="1028 0000 1234 5678",
    )  # fmt: skip
    where = InvoiceReceiver(
        email="caiwu@lantian.example", name="王会计", phone="13800138000", address="西安市高新区锦业路 1 号 5 层"
    )
    bought = OrderLine.objects.filter(product__slug=slug, status="completed", invoiced_minor=0, amount_minor__gt=0)
    line = bought.select_related("buyer", "seller", "order").exclude(order__order_type="UNSUBSCRIBE").latest("pk")
    types.set_types(line.seller, ["general_digital", "special_digital", "general_paper"])
    title = save_title(line.buyer, company, now=now)
    wanted = Application(orders=(line.order.number,), invoice_type=kind, title=title.pk, receiver=where)
    return apply(line.buyer, wanted, patience=patience, a_day=50, now=now)


def issue(application: Invoice, **what: object) -> str:
    """Approve and issue it, and return its key."""
    from tradepost.market.base import clock
    from tradepost.market.base.config import config
    from tradepost.market.identity.models import Member
    from tradepost.market.invoices.invoice_files import folder
    from tradepost.market.invoices.issue import IssueData, approve, issue

    by = Member.objects.filter(seller=application.seller_id).order_by("pk")[0].user
    approve(application, by=by, now=clock.now())
    issue(application, IssueData(by=by, files=folder(config().files), **what), now=clock.now())  # type: ignore[arg-type]
    return str(application.pk)
