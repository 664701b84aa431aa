"""Whoever may no longer sign in loses what browsers and applications hold of them, for good.

That nobody of them gets in is decided with each request (``may_sign_in``). What is ended here stays ended when the right comes
back later. A dissolved enterprise never does.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from tradepost.market.applications.events import AuthorisationWithdrawn
from tradepost.market.applications.models import Authorisation
from tradepost.market.base import clock
from tradepost.market.base.events import on
from tradepost.market.organisations.events import MemberPasswordReset, MembersChanged
from tradepost.market.organisations.models import Member

from . import grants, sessions
from .may_sign_in import BOUND
from .models import Grant


def on_authorisation_withdrawn(event: AuthorisationWithdrawn, _now: datetime) -> None:
    """Who has the application by another service of the enterprise keeps it. No members: it is nobody's any more."""
    held = Grant.objects.filter(client__enterprise=event.enterprise, client__application=event.application)
    if event.members:
        held = held.filter(member__in=event.members)
    still = Authorisation.objects.filter(
        wanted=True, binding__status=BOUND, binding__enterprise=event.enterprise,
        binding__application=event.application,
    )  # fmt: skip
    gone = held.exclude(member__in=still.values("member"))
    grants.revoke(gone, Grant.Why.WITHDRAWN, now=clock.wall())


def on_members_changed(event: MembersChanged, _now: datetime) -> None:
    out = Member.objects.filter(pk__in=event.members).filter(Q(enabled=False) | Q(removed_at__isnull=False))
    sessions.end_those_of(list(out.values_list("pk", flat=True)), Grant.Why.WITHDRAWN, now=clock.wall())


def on_member_password_reset(event: MemberPasswordReset, _now: datetime) -> None:
    sessions.end_those_of([event.member], Grant.Why.PASSWORD, now=clock.wall())


REACTIONS = (
    on(AuthorisationWithdrawn, on_authorisation_withdrawn),
    on(MembersChanged, on_members_changed),
    on(MemberPasswordReset, on_member_password_reset),
)
"""A part of ``wiring``'s table: what is real time here is of browsers and tokens, not of the market's clock."""
