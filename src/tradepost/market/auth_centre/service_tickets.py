"""CAS tickets: issued to a browser for one service, validated once (CAS 3.0 §2.5, §3.1)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from msgspec import Struct

from tradepost.market.applications.models import Client

from .cas_answers import Code, InvalidTicket
from .may_sign_in import Access, access
from .models import ServiceTicket, SignInSession
from .random_secrets import hash_of, new_secret
from .redirects import is_callback

PREFIX = "ST-"


def issue(
    session: SignInSession, client: Client, *, service: str, new_login: bool, life: timedelta, now: datetime
) -> str:
    ticket = new_secret(PREFIX)
    ServiceTicket.objects.create(
        ticket_hash=hash_of(ticket), session=session, client=client, service=service, from_new_login=new_login,
        issued_at=now, expires_at=now + life,
    )  # fmt: skip
    return ticket


class ValidatedTicket(Struct, frozen=True):
    """A validated ticket, and what the application may know of its owner."""

    ticket: ServiceTicket
    access: Access


def validate(
    ticket: str, service: str, *, enterprise: int | None, renewed: bool, now: datetime
) -> ValidatedTicket | InvalidTicket:
    """Validate a ticket. The first validation uses it up, with any result. ``renewed``: require a new password
    (``renew=true``)."""
    if not ticket or not service:
        return InvalidTicket(Code.INVALID_REQUEST, "Both 'service' and 'ticket' are required")
    with transaction.atomic():
        row = (
            ServiceTicket.objects.select_for_update(of=("self",))
            .select_related(
                "session__member__user", "session__member__enterprise", "session__member__department",
                "client__application",
            )
            .filter(ticket_hash=hash_of(ticket))
            .first()
        )  # fmt: skip
        if row is None or enterprise not in {None, row.client.enterprise_id}:
            return InvalidTicket(Code.INVALID_TICKET, "Ticket not recognized")
        was_used = row.used_at is not None
        if not was_used:
            ServiceTicket.objects.filter(pk=row.pk).update(used_at=now)
    if was_used or row.expires_at <= now:
        return InvalidTicket(Code.INVALID_TICKET, "Ticket expired or already used")
    if not is_callback(row.service, service):
        return InvalidTicket(Code.INVALID_SERVICE, "The ticket was issued for another service")
    if renewed and not row.from_new_login:
        return InvalidTicket(Code.INVALID_TICKET, "The ticket was not issued from a new login")
    allowed_access = access(row.session.member, row.client)
    if row.session.ended_at is not None or not isinstance(allowed_access, Access):
        return InvalidTicket(Code.INVALID_TICKET, "The user may not sign in to this service")
    return ValidatedTicket(row, allowed_access)
