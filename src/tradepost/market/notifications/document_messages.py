"""What notices say of documents that people sent in and that a scanner looked at (business-rules §2.7)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import Audience, Category, NoticePolicy
from .notice_parts import NoticeTemplate

DOCUMENT_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "document_infected": NoticeTemplate(
        _("Malware was found in your document %(name)s"),
        _("The file can no longer be opened. Check your computer for malware, then upload a clean file."),
        _("See the document"), "danger", "alert-triangle",
        NoticePolicy(category=Category.SECURITY, to=Audience.PERSON, mandatory=True),
    ),
}  # fmt: skip
