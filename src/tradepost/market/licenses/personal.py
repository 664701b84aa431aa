"""Personal data in applications for licenses: copied for the person, emptied by an erasure."""

from __future__ import annotations

from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.personal import Emptied, Exported, Person, Personal

from .license_files import folder
from .models import LicenseRequest


def _delete_files(person: Person, files: Path) -> None:
    """Delete large licenses from the disk, except files that other applications share."""
    requests = LicenseRequest.objects.filter(subscription__buyer=person.pk).exclude(sha256="")
    with transaction.atomic():
        hashes = set(requests.values_list("sha256", flat=True))
        requests.update(sha256="", sealed_license="")
        hashes -= set(LicenseRequest.objects.filter(sha256__in=hashes).values_list("sha256", flat=True))
    for sha256 in hashes:
        folder(files).erase(sha256)


EXPORTED = (
    Exported(
        name="license_requests", title=_("Applications for licenses"), model=LicenseRequest, whose="subscription__buyer",
        columns="subscription__order_line_number fingerprint term status file_name asked_at delivered_at",
    ),
)  # fmt: skip

PERSONAL = Personal(
    first=_delete_files,
    emptied=(
        Emptied(
            model=LicenseRequest,
            whose="subscription__buyer",
            columns={"fingerprint": "", "sealed_license": "", "file_name": ""},
        ),
    ),
    exported=EXPORTED,
)
