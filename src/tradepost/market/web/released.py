"""Labels of the personal fields that an application may request (openapi-jointkit §A.7)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

FIELD_LABELS: Mapping[str, str | Promise] = {
    "position": _("Job title"),
    "employeeCode": _("Staff number"),
    "employeeType": _("Type of employment"),
    "mobile": _("Mobile number"),
    "email": _("E-mail address"),
    "workPlace": _("Place of work"),
    "entryDate": _("Start date"),
    "extension": _("Additional fields of the enterprise"),
}
"""Key: the name on the wire."""
