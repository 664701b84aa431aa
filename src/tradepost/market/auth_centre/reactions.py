"""Whoever may no longer sign in loses what browsers and applications hold of them, for good.

That nobody of them gets in is decided with each request (``may_sign_in``). What is ended here stays ended when the right comes
back later. A dissolved enterprise never does.
"""

from __future__ import annotations

from datetime import datetime
from itertools import batched

from django.db.models import Q

from tradepost.market.applications.events import AuthorisationWithdrawn
from tradepost.market.applications.models import Authorisation, Client
from tradepost.market.base import clock
from tradepost.market.base.events import on
from tradepost.market.identity.events import SignInChanged
from tradepost.market.organisations.events import MemberPasswordReset, MembersChanged
from tradepost.market.organisations.models import Member

from . import grants, sessions
from .may_sign_in import BOUND
from .models import Grant

AT_ONCE = 1_000
"""People in one statement."""


def on_authorisation_withdrawn(event: AuthorisationWithdrawn, _now: datetime) -> None:
    """Who has the application by another service of the enterprise keeps it. No members: it is nobody's any more."""
    client = Client.objects.filter(enterprise=event.enterprise, application=event.application).first()
    if client is None:
        return
    held = Grant.objects.filter(client=client, revoked_at=None)
    members = event.members or tuple(held.order_by("member").values_list("member_id", flat=True).distinct())
    for some in batched(members, AT_ONCE):
        still = Authorisation.objects.filter(
            member__in=some, wanted=True, binding__status=BOUND, binding__enterprise=event.enterprise,
            binding__application=event.application,
        )  # fmt: skip
        gone = set(some) - set(still.values_list("member_id", flat=True))
        grants.revoke(held.filter(member__in=gone), Grant.Why.WITHDRAWN, now=clock.wall())


def on_members_changed(event: MembersChanged, _now: datetime) -> None:
    out = Member.objects.filter(pk__in=event.members).filter(Q(enabled=False) | Q(removed_at__isnull=False))
    sessions.end_those_of(list(out.values_list("pk", flat=True)), Grant.Why.WITHDRAWN, now=clock.wall())


def on_member_password_reset(event: MemberPasswordReset, _now: datetime) -> None:
    sessions.end_those_of([event.member], Grant.Why.PASSWORD, now=clock.wall())


def on_sign_in_changed(event: SignInChanged, _now: datetime) -> None:
    """Of everybody's own doing. The browser in which it was done holds a sign-in that began afterwards."""
    if event.what != "codes":
        sessions.end_earlier(event.user, Grant.Why.SECURED, before=event.at, now=clock.wall())


REACTIONS = (
    on(SignInChanged, on_sign_in_changed),
    on(AuthorisationWithdrawn, on_authorisation_withdrawn),
    on(MembersChanged, on_members_changed),
    on(MemberPasswordReset, on_member_password_reset),
)
"""A part of ``wiring``'s table: what is real time here is of browsers and tokens, not of the market's clock."""
