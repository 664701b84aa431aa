"""What a mail brings beside its words: the file of an invoice (business-rules §6.2)."""

from __future__ import annotations

from django.utils.translation import gettext_noop
from msgspec import Struct

from tradepost.market.assets import file_scans
from tradepost.market.base.files import Files, sha256_of
from tradepost.market.invoices.invoice_files import CONTENT_TYPES
from tradepost.market.invoices.models import IssuedInvoice

from .models import NoticeDelivery
from .subjects.invoices import WITH_FILE


class Attachment(Struct, frozen=True):
    name: str
    content: bytes
    content_type: str


class MissingAttachment(Exception):
    """A file that the mail brings is not in the files folder, or is damaged. The message is an id for ``gettext``."""


MISSING = gettext_noop("The invoice file is missing from the files folder. Restore the file, then retry.")
DAMAGED = gettext_noop("The invoice file in the files folder is damaged. Restore the file, then retry.")


def attachments_of(mail: NoticeDelivery, files: Files | None, *, scans: bool = False) -> list[Attachment]:
    """Return the invoice file. Return nothing if the invoice was replaced before the mail went out, or if the file is infected or,
    with a scanner set up, not scanned yet: the mail links to the invoice.

    Raises ``MissingAttachment`` when the file is not there, and ``OSError`` when the folder cannot be read.
    """
    notice = mail.notice
    if files is None or notice is None or notice.kind not in WITH_FILE:
        return []
    issued = IssuedInvoice.objects.filter(pk=notice.facts.get("issued"), withdrawn_at=None).exclude(sha256="").first()
    if issued is None or not file_scans.is_attachable(issued.sha256, store=file_scans.INVOICES, scans=scans):
        return []
    content = files.read(issued.sha256)
    if content is None:
        raise MissingAttachment(MISSING)
    if sha256_of(content) != issued.sha256:
        raise MissingAttachment(DAMAGED)
    kind = CONTENT_TYPES[IssuedInvoice.Format(issued.file_format)]
    return [Attachment(issued.file_name, content, kind)]
