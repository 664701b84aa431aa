"""Personal fields that an application may ask for, in words (openapi-jointkit §A.7)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WORDS: Mapping[str, str | Promise] = {
    "position": _("Job title"),
    "employeeCode": _("Staff number"),
    "employeeType": _("Kind of employment"),
    "mobile": _("Mobile number"),
    "email": _("E-mail address"),
    "workPlace": _("Place of work"),
    "entryDate": _("Date of entry"),
    "extension": _("Further fields of the enterprise"),
}
"""By the name on the wire."""
