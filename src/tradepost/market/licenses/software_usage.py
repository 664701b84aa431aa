"""Usage of software under codes, as sellers report it each day (openapi-jointkit §C.10)."""

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
from .codes import found

MOST_CLIENTS = 10_000
"""Ids of one code on one day that are kept. The interface states none; who has more reports their number."""


def report(seller_id: int, reports: Sequence[Reported], *, zone: tzinfo, now: datetime) -> list[str]:
    """Keep what was reported of today; gives the codes whose report was not accepted, in their order: not the seller's, not
    alive, or with more clients than are kept. The same again changes nothing; of several numbers the greatest stays."""
    day = now.astimezone(zone).date()
    clients: defaultdict[str, set[str]] = defaultdict(set)
    numbers: dict[str, int] = {}
    for one in reports:
        clients[one.license] |= set(one.clients)
        if one.active is not None:
            numbers[one.license] = max(one.active, numbers.get(one.license, 0))
    with transaction.atomic():
        alive = _locked(seller_id, list(clients))
        kept = {text for text, code in alive.items() if _keep(code, day, clients[text], numbers.get(text), now)}
    return [text for text in clients if text not in kept]


def _locked(seller_id: int, codes: Sequence[str]) -> dict[str, LicenseCode]:
    """The seller's codes among these that are alive, locked: reports of one code come one by one."""
    known = found(seller_id, codes).values()
    usable = [one.pk for one in known if license_status(one.status, _service(one)) is LicenseStatus.ALIVE]
    locked = LicenseCode.objects.select_for_update(of=("self",)).filter(pk__in=usable).order_by("pk")
    return {one.code: one for one in locked}


def _service(code: LicenseCode) -> str | None:
    return code.subscription.status if code.subscription is not None else None


def _keep(code: LicenseCode, day: date, clients: set[str], number: int | None, now: datetime) -> bool:
    own = SoftwareUsage.objects.filter(license=code, day=day)
    known = set(own.filter(client_id__in=clients).values_list("client_id", flat=True)) if clients else set()
    new = sorted(clients - known)
    if new and own.exclude(client_id="").count() + len(new) > MOST_CLIENTS:
        return False
    SoftwareUsage.objects.bulk_create(
        SoftwareUsage(license=code, day=day, client_id=client, reported_at=now) for client in new
    )
    if number is not None:
        kept, made = own.get_or_create(
            license=code, day=day, client_id="", defaults={"active_num": number, "reported_at": now}
        )  # fmt: skip
        if not made and number > (kept.active_num or 0):
            own.filter(pk=kept.pk).update(active_num=number)
    return True


def by_day(code: LicenseCode, *, days: int) -> list[tuple[date, int]]:
    """How many clients there were, of the latest days of which something was reported, newest first."""
    rows = (
        SoftwareUsage.objects.filter(license=code)
        .values("day")
        .annotate(ids=Count("pk", filter=~Q(client_id="")), most=Max("active_num"))
        .order_by("-day")[:days]
    )
    return [(row["day"], daily_clients(row["ids"], row["most"])) for row in rows]
