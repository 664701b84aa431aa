"""Permanently end sign-ins and grants of people who may no longer sign in.

Each request checks whether they may sign in (``sign_in_refusal``). The rows ended here stay ended if the right returns
later. A dissolved enterprise never becomes active again.
"""

from __future__ import annotations

from datetime import datetime
from itertools import batched

from django.db.models import Q

from tradepost.market.applications.events import AuthorisationWithdrawn
from tradepost.market.applications.models import Authorisation, Client
from tradepost.market.base import clock
from tradepost.market.identity.events import SignInChanged
from tradepost.market.organisations.events import MemberPasswordReset, MembersChanged
from tradepost.market.organisations.models import Member

from . import grants, sessions
from .may_sign_in import BOUND
from .models import Grant

_HARMLESS_CHANGES = {"codes", "erasure", "erasure_withdrawn"}
"""Changes that do not end earlier sign-ins of an account."""
BATCH_SIZE = 1_000
"""Maximum number of members per statement."""


def on_authorisation_withdrawn(event: AuthorisationWithdrawn, _now: datetime) -> None:
    """Revoke grants of members who lost the application. No members: everybody lost it.

    Members who have the application through another service of the enterprise keep their grants.
    """
    client = Client.objects.filter(enterprise=event.enterprise, application=event.application).first()
    if client is None:
        return
    active_grants = Grant.objects.filter(client=client, revoked_at=None)
    members = event.members or tuple(active_grants.order_by("member").values_list("member_id", flat=True).distinct())
    for batch in batched(members, BATCH_SIZE):
        still_authorised = Authorisation.objects.filter(
            member__in=batch, wanted=True, binding__status=BOUND, binding__enterprise=event.enterprise,
            binding__application=event.application,
        )  # fmt: skip
        lost_members = set(batch) - set(still_authorised.values_list("member_id", flat=True))
        grants.revoke(active_grants.filter(member__in=lost_members), Grant.Why.WITHDRAWN, now=clock.wall())


def on_members_changed(event: MembersChanged, _now: datetime) -> None:
    excluded_members = Member.objects.filter(pk__in=event.members).filter(
        Q(enabled=False) | Q(removed_at__isnull=False)
    )
    sessions.end_sessions_of_members(
        list(excluded_members.values_list("pk", flat=True)), Grant.Why.WITHDRAWN, now=clock.wall()
    )


def on_member_password_reset(event: MemberPasswordReset, _now: datetime) -> None:
    sessions.end_sessions_of_members([event.member], Grant.Why.PASSWORD, now=clock.wall())


def on_sign_in_changed(event: SignInChanged, _now: datetime) -> None:
    """End earlier sign-ins after a change of the account. The browser of the change has a newer sign-in."""
    if event.what not in _HARMLESS_CHANGES:
        sessions.end_earlier(event.user, Grant.Why.SECURED, before=event.at, now=clock.wall())
