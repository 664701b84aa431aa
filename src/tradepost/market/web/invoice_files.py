"""The file of an invoice on its way in through a form, and out to those who may have it."""

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
from .uploads import FileField, takes_bytes, uploaded_in

POLICY = "default-src 'none'; sandbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceField(FileField):
    """As ``web/parts/file_field.html`` shows it; it comes with the form itself."""

    action: str = ""
    accept: ClassVar[str] = ".pdf,.ofd"
    removable: ClassVar[bool] = False
    file: ClassVar[None] = None

    @property
    def asks(self) -> Mapping[str, str]:
        return {}

    @property
    def hint(self) -> str:
        return _("PDF or OFD, at most %(most)s MB, as the tax bureau gave it.") % {
            "most": f"{self.most_bytes / 1_048_576:g}"
        }

    @property
    def most_bytes(self) -> int:
        return config().invoice_most_bytes

    @property
    def too_large(self) -> str:
        return invoice_files.too_large(self.most_bytes).message


def takes_invoice[V: Callable[..., HttpResponseBase]](view: V) -> V:
    """A page whose form may bring the file of an invoice, and one that is a little too large, to be refused in words."""
    return takes_bytes(lambda: config().invoice_most_bytes * 2 + (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0))(view)


def files() -> Files:
    return invoice_files.folder(config().files)


def handed_in(request: HttpRequest, name: str = invoice_files.FIELD) -> invoice_files.InvoiceFile | None:
    """What came with the form. Raises ``Refused``."""
    uploaded = uploaded_in(request, name)
    if uploaded is None:
        return None
    return invoice_files.read_file(uploaded, name=uploaded.name or "", most_bytes=config().invoice_most_bytes)


def given(issued: IssuedInvoice | None) -> HttpResponse:
    """Always as a download: a browser that showed it would run in our name what it may hold."""
    if issued is not None and issued.sha256:
        file_scans.must_be_harmless(issued.sha256, store=file_scans.INVOICES)
    if issued is None or not issued.sha256 or not files().has(issued.sha256):
        raise Http404
    kind = invoice_files.CONTENT_TYPES[IssuedInvoice.Format(issued.file_format)]
    answer = send_file(files().path(issued.sha256), name=issued.file_name, content_type=kind)
    answer["Content-Security-Policy"] = POLICY
    return answer
