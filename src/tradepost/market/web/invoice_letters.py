"""An explanation letter about an invoice as a download: its words put together from what stands in the books (business-rules §6.2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from tradepost.market.base.config import config
from tradepost.market.base.money import MINOR_DIGITS, Money
from tradepost.market.invoices.letter_facts import LetterFacts
from tradepost.market.invoices.models import ExplanationLetter, Invoice, InvoiceItem

from .invoice_files import POLICY

LANGUAGES = ("zh-hans", "en")


def letter_file(letter: ExplanationLetter, invoice: Invoice) -> HttpResponse:
    """Always as a download. ``invoice``: with what stands on it."""
    from tradepost.market.invoices.letter_pdf import letter_pdf  # a tenth of a second that few processes need

    answer = HttpResponse(letter_pdf(letter_facts(letter, invoice)), content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{letter.number}.pdf"'
    answer["Content-Security-Policy"] = POLICY
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    return answer


def issuer() -> str:
    """Who signs letters."""
    return config().invoice_letter_issuer or market()


def market() -> str:
    return config().market_name or _in_both(lambda: _("Tradepost"))


def check_address(letter: ExplanationLetter) -> str:
    return config().base_url + reverse("storefront:letter", args=[letter.code])


def letter_facts(letter: ExplanationLetter, invoice: Invoice) -> LetterFacts:
    issued = letter.issued
    title = " ".join(part for part in (invoice.name, invoice.tax_number) if part)
    rows = [
        ("发票号码 Invoice number", issued.number),
        ("发票类型 Type", _in_both(lambda: str(invoice.type.label))),
        ("开票日期 Issued on", _day(issued.issued_at)),
        ("发票抬头 Made out to", title),
        ("发票金额 Amount", _amount(invoice.amount)),
        *(_of_item(item) for item in invoice.items.all()),
    ]
    return LetterFacts(
        issuer=issuer(), market=market(), number=letter.number, made=_day(letter.made_at), until=_day(letter.until),
        buyer=invoice.name, seller=_names(invoice.seller.name, invoice.seller.name_en), rows=rows, check=check_address(letter),
    )  # fmt: skip


def _of_item(item: InvoiceItem) -> tuple[str, str]:
    """Its label and what it is about. An invoice over a fee has no letter."""
    product = item.product
    assert product is not None
    names = _names(product.name, product.name_en)
    if item.usage is None:
        return "商品与订单 Product, order", f"{names} · {item.order_number} · {_amount(item.amount)}"
    month = item.usage.month
    return "商品与用量 Product, usage", f"{names} · {item.order_number} · {month:%Y-%m} · {_amount(item.amount)}"


def _names(chinese: str, english: str) -> str:
    return " ".join(dict.fromkeys(part for part in (chinese, english) if part))


def _amount(amount: Money) -> str:
    return f"{amount.currency} {amount.major:,.{MINOR_DIGITS[amount.currency]}f}"


def _day(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d}"


def _in_both(words: Callable[[], str]) -> str:
    """The same in Chinese and English, once where both say it alike."""
    said = []
    for language in LANGUAGES:
        with override(language):
            said.append(words())
    return " ".join(dict.fromkeys(said))
