"""Issue many invoices at once from a ZIP file, which is validated first and issued after a confirmation."""

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
from tradepost.market.web.uploads import FileField, takes_bytes, uploaded_file

from .frame import SellerRequest, seller_page, show


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchField(FileField):
    """The file field of the ZIP for ``web/parts/file_field.html``. It is submitted with its form."""

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
        return config().invoices.invoice_batch_most_bytes

    @property
    def too_large(self) -> str:
        return batch.too_large(self.most_bytes).message


@takes_bytes(lambda: config().invoices.invoice_batch_most_bytes + 4_000_000)
@require_http_methods(["GET", "HEAD", "POST"])
@seller_page(menu=Menu.TRADE, write=True)
def invoice_batch(request: SellerRequest) -> HttpResponse:
    """Validate the ZIP; with ``answer=issue``, issue its valid lines."""
    issues = request.method == "POST" and request.POST.get("answer") == "issue"
    lines: list[Line] = []
    refused = None
    if request.method == "POST":
        try:
            lines = _run(request, issues=issues)
        except Refused as refusal:
            refused = refusal
    error = refused.message if refused else ""
    wrong = sum(1 for line in lines if line.wrong)
    return show(
        request, "seller_center/invoice_batch.html", lines=lines, looked=bool(lines), refused=refused,
        upload=BatchField(name="batch", label=_("ZIP with table and files"), required=True, error=error), issues=issues,
        right=len(lines) - wrong, wrong=wrong, tables=batch_table.TABLES, most=batch_table.MAX_LINES,
    )  # fmt: skip


invoice_batch.own_transactions = True  # type: ignore[attr-defined]  # each line has its own transaction


def _run(request: SellerRequest, *, issues: bool) -> list[Line]:
    settings, uploaded = config(), uploaded_file(request, "batch")
    if uploaded is None:
        raise Refused("invoice_batch.file", _("Choose a file."), 422, field="batch")
    bounds = Bounds(
        file_bytes=settings.invoices.invoice_most_bytes, batch_bytes=settings.invoices.invoice_batch_most_bytes
    )
    return batch.run(
        uploaded, seller=request.seller, by=request.user, files=files(), bounds=bounds, issues=issues, now=request.now
    )
