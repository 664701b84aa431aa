"""CAS tickets: given to a browser for one service, validated once (CAS 3.0 §2.5, §3.1)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from msgspec import Struct

from tradepost.market.applications.models import Client

from .cas_answers import Code, NotValid
from .drawn import draw, hash_of
from .may_sign_in import Access, access
from .models import ServiceTicket, SignInSession
from .redirects import is_callback

PREFIX = "ST-"


def issue(
    session: SignInSession, client: Client, *, service: str, new_login: bool, life: timedelta, now: datetime
) -> str:
    ticket = draw(PREFIX)
    ServiceTicket.objects.create(
        ticket_hash=hash_of(ticket), session=session, client=client, service=service, from_new_login=new_login,
        issued_at=now, expires_at=now + life,
    )  # fmt: skip
    return ticket


class Proved(Struct, frozen=True):
    """Whose ticket it was, and what the application may know of them."""

    ticket: ServiceTicket
    access: Access


def validate(ticket: str, service: str, *, enterprise: int | None, renewed: bool, now: datetime) -> Proved | NotValid:
    """The first validation uses the ticket up, right or wrong. ``renewed``: only right after a password (``renew=true``)."""
    if not ticket or not service:
        return NotValid(Code.INVALID_REQUEST, "Both 'service' and 'ticket' are required")
    with transaction.atomic():
        found = (
            ServiceTicket.objects.select_for_update(of=("self",))
            .select_related(
                "session__member__user", "session__member__enterprise", "session__member__department",
                "client__application",
            )
            .filter(ticket_hash=hash_of(ticket))
            .first()
        )  # fmt: skip
        if found is None or enterprise not in {None, found.client.enterprise_id}:
            return NotValid(Code.INVALID_TICKET, "Ticket not recognized")
        used = found.used_at is not None
        if not used:
            ServiceTicket.objects.filter(pk=found.pk).update(used_at=now)
    if used or found.expires_at <= now:
        return NotValid(Code.INVALID_TICKET, "Ticket expired or already used")
    if not is_callback(found.service, service):
        return NotValid(Code.INVALID_SERVICE, "The ticket was issued for another service")
    if renewed and not found.from_new_login:
        return NotValid(Code.INVALID_TICKET, "The ticket was not issued from a new login")
    allowed = access(found.session.member, found.client)
    if found.session.ended_at is not None or not isinstance(allowed, Access):
        return NotValid(Code.INVALID_TICKET, "The user may not sign in to this service")
    return Proved(found, allowed)
