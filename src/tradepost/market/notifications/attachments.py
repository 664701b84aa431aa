"""What a mail brings beside its words: the file of an invoice (business-rules §6.2)."""

from __future__ import annotations

from msgspec import Struct

from tradepost.market.base.files import Files
from tradepost.market.invoices.invoice_files import CONTENT_TYPES
from tradepost.market.invoices.models import IssuedInvoice

from .invoice_messages import WITH_FILE
from .models import NoticeDelivery


class Attachment(Struct, frozen=True):
    name: str
    content: bytes
    content_type: str


def attachments_of(mail: NoticeDelivery, files: Files | None) -> list[Attachment]:
    """Nothing where the invoice was replaced before the mail went out, or its file is gone: the words lead to it then."""
    notice = mail.notice
    if files is None or notice is None or notice.kind not in WITH_FILE:
        return []
    issued = IssuedInvoice.objects.filter(pk=notice.facts.get("issued"), withdrawn_at=None).exclude(sha256="").first()
    content = files.read(issued.sha256) if issued is not None else None
    if issued is None or content is None:
        return []
    kind = CONTENT_TYPES[IssuedInvoice.Format(issued.file_format)]
    return [Attachment(issued.file_name, content, kind)]
