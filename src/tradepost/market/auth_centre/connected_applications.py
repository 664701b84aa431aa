"""Applications with access to a member's account: since when, to which data, and the end of that access."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from tradepost.market.applications.models import Client
from tradepost.market.organisations.models import Member

from . import consents, grants
from .may_sign_in import Access, access
from .models import Consent, Grant


class ConnectedApplication(Struct, frozen=True):
    client: Client
    since: datetime
    last_used: datetime
    fields: tuple[str, ...]
    """Personal fields that the application can read now."""


def of_member(member: Member, *, now: datetime, most: int) -> list[ConnectedApplication]:
    """Return applications with access, the last used first."""
    rows = (
        Grant.objects.select_related("client__application__seller", "client__enterprise")
        .filter(member=member, revoked_at=None, expires_at__gt=now)
        .order_by("-id")[:most]
    )
    return sorted(_by_client(member, rows), key=lambda connected: connected.last_used, reverse=True)


def _by_client(member: Member, rows: Iterable[Grant]) -> list[ConnectedApplication]:
    by_client: dict[int, list[Grant]] = {}
    for row in rows:
        by_client.setdefault(row.client_id, []).append(row)
    return [
        ConnectedApplication(
            client=client_grants[0].client,
            since=min(grant.begun_at for grant in client_grants),
            last_used=max(grant.used_at for grant in client_grants),
            fields=_fields(member, client_grants[0].client),
        )
        for client_grants in by_client.values()
    ]


def _fields(member: Member, client: Client) -> tuple[str, ...]:
    allowed_access = access(member, client)
    return tuple(sorted(allowed_access.released)) if isinstance(allowed_access, Access) else ()


def end(member: Member, client: int, *, now: datetime) -> bool:
    """End the application's access and withdraw the consent. Return whether there was any."""
    ended = grants.revoke(Grant.objects.filter(member=member, client=client), Grant.Why.MEMBER, now=now)
    consent = Consent.objects.filter(member=member, client=client, withdrawn_at=None).select_related("client").first()
    if consent is not None:
        consents.withdraw(member, consent.client, now=now)
    return bool(ended or consent)
