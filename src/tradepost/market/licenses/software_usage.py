"""Daily usage of software under codes, as sellers report it (openapi-jointkit §C.10)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, tzinfo

from django.db import transaction
from django.db.models import Count, Max, Q

from tradepost.protocols.open_api.license_calls import LicenseStatus
from tradepost.protocols.open_api.software_usage import SoftwareUsage as Reported

from .code_models import LicenseCode, SoftwareUsage
from .code_status import daily_clients, license_status
from .codes import find_codes

MAX_CLIENTS = 10_000
"""Maximum number of client ids stored per code and day. The interface has no limit; sellers with more clients report
their number."""


def report(seller_id: int, reports: Sequence[Reported], *, zone: tzinfo, now: datetime) -> list[str]:
    """Store the usage of today. Returns the refused codes in their order.

    A code is refused if it is not the seller's, is not valid or has too many clients. Idempotent; the greatest number
    is stored.
    """
    day = now.astimezone(zone).date()
    clients: defaultdict[str, set[str]] = defaultdict(set)
    numbers: dict[str, int] = {}
    for usage_report in reports:
        clients[usage_report.license] |= set(usage_report.clients)
        if usage_report.active is not None:
            numbers[usage_report.license] = max(usage_report.active, numbers.get(usage_report.license, 0))
    with transaction.atomic():
        valid_codes = _locked(seller_id, list(clients))
        accepted_reports = {
            text for text, code in valid_codes.items() if _store(code, day, clients[text], numbers.get(text), now)
        }
    return [text for text in clients if text not in accepted_reports]


def _locked(seller_id: int, codes: Sequence[str]) -> dict[str, LicenseCode]:
    """Return the seller's valid codes among these, locked, so that reports of one code are processed one after the
    other."""
    codes_found = find_codes(seller_id, codes).values()
    usable_keys = [
        code.pk for code in codes_found if license_status(code.status, _service(code)) is LicenseStatus.ALIVE
    ]
    locked_codes = LicenseCode.objects.select_for_update(of=("self",)).filter(pk__in=usable_keys).order_by("pk")
    return {code.code: code for code in locked_codes}


def _service(code: LicenseCode) -> str | None:
    return code.subscription.status if code.subscription is not None else None


def _store(code: LicenseCode, day: date, clients: set[str], number: int | None, now: datetime) -> bool:
    usage = SoftwareUsage.objects.filter(license=code, day=day)
    known_clients = set(usage.filter(client_id__in=clients).values_list("client_id", flat=True)) if clients else set()
    new_clients = sorted(clients - known_clients)
    if new_clients and usage.exclude(client_id="").count() + len(new_clients) > MAX_CLIENTS:
        return False
    SoftwareUsage.objects.bulk_create(
        SoftwareUsage(license=code, day=day, client_id=client, reported_at=now) for client in new_clients
    )
    if number is not None:
        total, was_created = usage.get_or_create(
            license=code, day=day, client_id="", defaults={"active_num": number, "reported_at": now}
        )  # fmt: skip
        if not was_created and number > (total.active_num or 0):
            usage.filter(pk=total.pk).update(active_num=number)
    return True


def by_day(code: LicenseCode, *, days: int) -> list[tuple[date, int]]:
    """Return the number of clients for the latest days with a report, newest first."""
    rows = (
        SoftwareUsage.objects.filter(license=code)
        .values("day")
        .annotate(ids=Count("pk", filter=~Q(client_id="")), most=Max("active_num"))
        .order_by("-day")[:days]
    )
    return [(row["day"], daily_clients(row["ids"], row["most"])) for row in rows]
