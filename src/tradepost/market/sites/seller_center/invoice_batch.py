"""Issue many invoices at once: the same ZIP is looked at first, and then, when the seller says so, issued."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.identity.menus import Menu
from tradepost.market.invoices import batch, batch_table
from tradepost.market.invoices.batch import Bounds
from tradepost.market.invoices.batch_table import Line
from tradepost.market.web.invoice_files import files
from tradepost.market.web.uploads import FileField, takes_bytes, uploaded_in

from .frame import SellerRequest, seller_page, show


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchField(FileField):
    """As ``web/parts/file_field.html`` shows it; it comes with the form itself."""

    action: str = ""
    accept: ClassVar[str] = ".zip"
    removable: ClassVar[bool] = False
    file: ClassVar[None] = None

    @property
    def asks(self) -> Mapping[str, str]:
        return {}

    @property
    def hint(self) -> str:
        return _("ZIP, at most %(most)s MB.") % {"most": f"{self.most_bytes / 1_048_576:g}"}

    @property
    def most_bytes(self) -> int:
        return config().invoice_batch_most_bytes

    @property
    def too_large(self) -> str:
        return batch.too_large(self.most_bytes).message


@takes_bytes(lambda: config().invoice_batch_most_bytes + 4_000_000)
@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TRADE, write=True)
def invoice_batch(request: SellerRequest) -> HttpResponse:
    """``answer=issue`` issues what is right; everything else only looks."""
    issues = request.method == "POST" and request.POST.get("answer") == "issue"
    lines: list[Line] = []
    refused = None
    if request.method == "POST":
        try:
            lines = _run(request, issues=issues)
        except Refused as why:
            refused = why
    error = refused.message if refused else ""
    wrong = sum(1 for one in lines if one.wrong)
    return show(
        request, "seller_center/invoice_batch.html", status=refused.status if refused else 200, lines=lines, looked=bool(lines),
        upload=BatchField(name="batch", label=_("ZIP with table and files"), required=True, error=error), issues=issues,
        right=len(lines) - wrong, wrong=wrong, tables=batch_table.TABLES, most=batch_table.MOST_LINES,
    )  # fmt: skip


invoice_batch.own_transactions = True  # type: ignore[attr-defined]  # each line has one of its own


def _run(request: SellerRequest, *, issues: bool) -> list[Line]:
    settings, uploaded = config(), uploaded_in(request, "batch")
    if uploaded is None:
        raise Refused("invoice_batch.file", _("Choose a file."), 422, field="batch")
    bounds = Bounds(file_bytes=settings.invoice_most_bytes, batch_bytes=settings.invoice_batch_most_bytes)
    return batch.run(
        uploaded, seller=request.seller, by=request.user, files=files(), bounds=bounds, issues=issues, now=request.now
    )
