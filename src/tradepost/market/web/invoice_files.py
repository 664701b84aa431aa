"""Upload of an invoice's file in a form, and its download by authorised readers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _

from tradepost.market.assets import file_scans
from tradepost.market.base.config import config
from tradepost.market.base.files import Files
from tradepost.market.invoices import invoice_files
from tradepost.market.invoices.models import IssuedInvoice

from .sending_files import send_file
from .uploads import FileField, takes_bytes, uploaded_file

POLICY = "default-src 'none'; sandbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceField(FileField):
    """The file field of an invoice for ``web/parts/file_field.html``. It is submitted with its form."""

    action: str = ""
    accept: ClassVar[str] = ".pdf,.ofd"
    removable: ClassVar[bool] = False
    file: ClassVar[None] = None

    @property
    def asks(self) -> Mapping[str, str]:
        return {}

    @property
    def hint(self) -> str:
        return _("PDF or OFD, at most %(most)s MB. Upload the original file from the tax bureau.") % {
            "most": f"{self.most_bytes / 1_048_576:g}"
        }

    @property
    def most_bytes(self) -> int:
        return config().invoices.invoice_most_bytes

    @property
    def too_large(self) -> str:
        return invoice_files.too_large(self.most_bytes).message


def takes_invoice[V: Callable[..., HttpResponseBase]](view: V) -> V:
    """Let a page receive the file of an invoice in a form, with room for a file above the limit, which is refused with
    a message."""
    return takes_bytes(lambda: config().invoices.invoice_most_bytes * 2 + (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0))(
        view
    )


def files() -> Files:
    return invoice_files.folder(config().files)


def submitted_invoice(request: HttpRequest, name: str = invoice_files.FIELD) -> invoice_files.InvoiceFile | None:
    """Return the file submitted with the form, or None. Raises ``Refused``."""
    uploaded = uploaded_file(request, name)
    if uploaded is None:
        return None
    return invoice_files.read_file(uploaded, name=uploaded.name or "", most_bytes=config().invoices.invoice_most_bytes)


def invoice_download(issued: IssuedInvoice | None) -> HttpResponse:
    """Return the file as a download. Shown inline, its content would run in the market's origin."""
    if issued is not None and issued.sha256:
        file_scans.check_not_infected(issued.sha256, store=file_scans.INVOICES)
    if issued is None or not issued.sha256 or not files().has(issued.sha256):
        raise Http404
    kind = invoice_files.CONTENT_TYPES[IssuedInvoice.Format(issued.file_format)]
    response = send_file(files().path(issued.sha256), name=issued.file_name, content_type=kind)
    response["Content-Security-Policy"] = POLICY
    return response
