"""An explanation letter for an invoice as a download, filled from the books (business-rules §6.2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from tradepost.market.base.config import config
from tradepost.market.base.money import MINOR_DIGITS, Money
from tradepost.market.branding.face import current
from tradepost.market.invoices.letter_facts import LetterFacts
from tradepost.market.invoices.models import ExplanationLetter, Invoice, InvoiceItem

from .invoice_files import POLICY

LANGUAGES = ("zh-hans", "en")


def letter_file(letter: ExplanationLetter, invoice: Invoice) -> HttpResponse:
    """Return the letter as a download."""
    from tradepost.market.invoices.letter_pdf import letter_pdf  # late import: 0.1 s that few processes need

    response = HttpResponse(letter_pdf(letter_facts(letter, invoice)), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{letter.number}.pdf"'
    response["Content-Security-Policy"] = POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def issuer() -> str:
    """Return the signatory of letters."""
    return config().invoices.invoice_letter_issuer or _in_both_languages(lambda: current().company or current().name)


def market_name() -> str:
    return _in_both_languages(lambda: current().name)


def check_address(letter: ExplanationLetter) -> str:
    return config().base_url + reverse("storefront:letter", args=[letter.code])


def letter_facts(letter: ExplanationLetter, invoice: Invoice) -> LetterFacts:
    issued = letter.issued
    title = " ".join(part for part in (invoice.name, invoice.tax_number) if part)
    rows = [
        ("发票号码 Invoice number", issued.number),
        ("发票类型 Type", _in_both_languages(lambda: str(invoice.type.label))),
        ("开票日期 Issued on", _day(issued.issued_at)),
        ("发票抬头 Made out to", title),
        ("发票金额 Amount", _amount(invoice.amount)),
        *(_item_label(item) for item in invoice.items.all()),
    ]
    return LetterFacts(
        issuer=issuer(), market=market_name(), number=letter.number, made=_day(letter.made_at), until=_day(letter.until),
        buyer=invoice.name, seller=_names(invoice.seller.name, invoice.seller.name_en), rows=rows, check=check_address(letter),
    )  # fmt: skip


def _item_label(item: InvoiceItem) -> tuple[str, str]:
    """Return the label and the subject of an invoice item. A fee invoice has no letter."""
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


def _day(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d}"


def _in_both_languages(words: Callable[[], str]) -> str:
    """Return the text in Chinese and English; once if both are equal."""
    texts = []
    for language in LANGUAGES:
        with override(language):
            texts.append(words())
    return " ".join(dict.fromkeys(texts))
