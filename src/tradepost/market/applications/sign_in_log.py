"""Write the sign-in log of an enterprise and read it for its administrators."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import QuerySet
from msgspec import Struct

from tradepost.market.base.paging import Page, page
from tradepost.market.base.retention import BATCH
from tradepost.market.identity import limits, throttling
from tradepost.market.organisations.models import Enterprise, Member

from .models import Application, SignInEntry
from .sign_in_models import MAX_AGENT_LENGTH, SUCCEEDED

Result = SignInEntry.Result
EXPORT_BATCH = 1_000


class Browser(Struct, frozen=True, kw_only=True):
    """The origin of a sign-in. ``agent``: the browser's user agent."""

    network: str = ""
    agent: str = ""


def record(
    enterprise: Enterprise, result: SignInEntry.Result, browser: Browser, *, wall: datetime, member: Member | None = None,
    application: int | None = None, way: str = "", second_step: str = "",
) -> None:  # fmt: skip
    """Add an entry. ``application``: its key. Failures above ``limits.LOGGED_FAILURES`` are not recorded."""
    has_succeeded = result in SUCCEEDED
    if not has_succeeded and throttling.count(limits.LOGGED_FAILURES, str(enterprise.pk), now=wall):
        return
    SignInEntry.objects.create(
        enterprise=enterprise, member=member, application_id=application, result=result, succeeded=has_succeeded, way=way,
        second_step=second_step, network=browser.network[:64], agent=browser.agent[:MAX_AGENT_LENGTH].replace("\x00", ""), at=wall,
    )  # fmt: skip


class LogFilter(Struct, frozen=True, kw_only=True):
    """Filters of the log; None or empty matches everything. ``outcome``: ``failed`` or ``succeeded``. ``until`` is
    exclusive."""

    member: int | None = None
    application: int | None = None
    outcome: str = ""
    since: datetime | None = None
    until: datetime | None = None


def entries(enterprise: Enterprise, filters: LogFilter, *, after: str = "") -> Page[SignInEntry]:
    """Return a page of entries, newest first."""
    rows, along = filtered(enterprise, filters)
    return page(rows.select_related("member__department", "application"), after=after, along=along)


def exported(enterprise: Enterprise, filters: LogFilter, *, most: int) -> Iterator[list[SignInEntry]]:
    """Yield entries in batches, newest first, at most ``most`` in total."""
    rows, along = filtered(enterprise, filters)
    ordered_rows = rows.select_related("member__department", "application").order_by(*along, "-pk")
    last_key: int | None = None
    while most > 0:
        batch = list(
            (ordered_rows if last_key is None else ordered_rows.filter(pk__lt=last_key))[: min(EXPORT_BATCH, most)]
        )
        if not batch:
            return
        yield batch
        most, last_key = most - len(batch), batch[-1].pk


def filtered(enterprise: Enterprise, filters: LogFilter) -> tuple[QuerySet[SignInEntry], tuple[str, ...]]:
    """Return the matching rows, and the columns with which their index starts."""
    rows = SignInEntry.objects.filter(enterprise=enterprise)
    along: tuple[str, ...] = ("enterprise",)
    if filters.member is not None:
        rows, along = rows.filter(member=filters.member), ("member",)
        rows = rows.filter(application=filters.application) if filters.application is not None else rows
    elif filters.application is not None:
        rows, along = rows.filter(application=filters.application), ("enterprise", "application")
    if filters.outcome in {"failed", "succeeded"}:
        rows = rows.filter(succeeded=filters.outcome == "succeeded")
    if filters.since is not None:
        first_key = _first_key(enterprise, filters.since)
        rows = rows.filter(pk__gte=first_key) if first_key is not None else rows.none()
    if filters.until is not None and (end := _first_key(enterprise, filters.until)) is not None:
        rows = rows.filter(pk__lt=end)
    return rows, along


def _first_key(enterprise: Enterprise, since: datetime) -> int | None:
    """Return the key of the first entry at or after a time. Keys grow with time, so a time range is a key range."""
    later_entries = SignInEntry.objects.filter(enterprise=enterprise, at__gte=since).order_by("enterprise", "at")
    return later_entries.values_list("pk", flat=True).first()


def applications_of(enterprise: Enterprise) -> list[Application]:
    """Return applications that the enterprise uses or used, by name."""
    return list(Application.objects.filter(clients__enterprise=enterprise).order_by("name", "pk"))


def delete_old(before: datetime) -> int:
    """Delete a batch of the oldest entries. Return their number."""
    oldest_rows = SignInEntry.objects.order_by("pk").values_list("pk", "at")[:BATCH]
    keys = [pk for pk, at in oldest_rows if at < before]
    SignInEntry.objects.filter(pk__in=keys).delete()
    return len(keys)
