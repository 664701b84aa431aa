"""What applications hold of a member now: since when, what they were told, and its end by the member's own hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from tradepost.market.applications.models import Client
from tradepost.market.organisations.models import Member

from . import consents, grants
from .may_sign_in import Access, access
from .models import Consent, Grant


class Held(Struct, frozen=True):
    client: Client
    since: datetime
    last_used: datetime
    fields: tuple[str, ...]
    """Personal fields that the application is told when it asks now."""


def of(member: Member, *, now: datetime, most: int) -> list[Held]:
    """By application, the one used last first."""
    rows = (
        Grant.objects.select_related("client__application__seller", "client__enterprise")
        .filter(member=member, revoked_at=None, expires_at__gt=now)
        .order_by("-id")[:most]
    )
    return sorted(_by_client(member, rows), key=lambda held: held.last_used, reverse=True)


def _by_client(member: Member, rows: Iterable[Grant]) -> list[Held]:
    by_client: dict[int, list[Grant]] = {}
    for row in rows:
        by_client.setdefault(row.client_id, []).append(row)
    return [
        Held(
            client=mine[0].client,
            since=min(one.begun_at for one in mine),
            last_used=max(one.used_at for one in mine),
            fields=_fields(member, mine[0].client),
        )
        for mine in by_client.values()
    ]


def _fields(member: Member, client: Client) -> tuple[str, ...]:
    allowed = access(member, client)
    return tuple(sorted(allowed.released)) if isinstance(allowed, Access) else ()


def end(member: Member, client: int, *, now: datetime) -> bool:
    """All that this application holds of the member, and the consent to it. Whether there was anything."""
    ended = grants.revoke(Grant.objects.filter(member=member, client=client), Grant.Why.MEMBER, now=now)
    given = Consent.objects.filter(member=member, client=client, withdrawn_at=None).select_related("client").first()
    if given is not None:
        consents.withdraw(member, given.client, now=now)
    return bool(ended or given)
