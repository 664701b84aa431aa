"""Who may sign in to which application: an enabled member who is authorised, while the binding and its service live.

Asked at every step: when a browser comes, when a code or a refresh token is redeemed, when somebody is looked up by a token.
What is withdrawn therefore holds with the next request, whatever tokens are out.
"""

from __future__ import annotations

from http import HTTPStatus

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.applications.models import Authorisation, Client, TenantBinding
from tradepost.market.base.errors import Refused
from tradepost.market.organisations.models import Enterprise, Member
from tradepost.market.subscriptions.models import Subscription

BOUND = TenantBinding.Status.BOUND
USABLE = Subscription.Status.ACTIVE


class Access(Struct, frozen=True):
    """What an application may know of a member: their role in it, and the fields that the enterprise releases."""

    role: str
    released: frozenset[str]


def may_enter(member: Member) -> Refused | None:
    """Whether somebody may sign in at all. ``member`` with its user and enterprise."""
    if member.enterprise.status != Enterprise.Status.ACTIVE or member.removed_at is not None:
        return _refused("auth.no_member", _("You are no longer a member of this enterprise."))
    if not member.enabled or not member.user.is_active:
        words = _("Your account at %(enterprise)s is disabled. An administrator there can enable it again.")
        return _refused("auth.disabled", words % {"enterprise": member.enterprise.name})
    return None


def may_sign_in(member: Member, client: Client) -> Refused | None:
    """Why this member may not use the application; None when they may."""
    found = access(member, client)
    return found if isinstance(found, Refused) else None


def access(member: Member, client: Client) -> Access | Refused:
    """``client`` with its application. One statement where they may; another to say why not."""
    if client.enterprise_id != member.enterprise_id:
        return _refused("auth.other_enterprise", _("This application is another enterprise's."))
    if (refused := may_enter(member)) is not None:
        return refused
    rows = list(
        _authorised(member).filter(binding__application=client.application_id).select_related("binding__subscription")
    )
    usable = [row for row in rows if is_usable(row.binding)]
    if usable:
        return _access(usable)
    return _why_not(client, is_authorised=bool(rows))


def is_usable(binding: TenantBinding) -> bool:
    """Whether its service is; a credential's test binding has none."""
    return binding.subscription is None or binding.subscription.status == USABLE


def _access(rows: list[Authorisation]) -> Access:
    """Of several services of one application the member may have what any of them gives."""
    return Access(
        role=Member.Role.ADMIN.value if any(row.admin for row in rows) else Member.Role.USER.value,
        released=frozenset(name for row in rows for name in row.binding.released_fields),
    )


def _authorised(member: Member) -> QuerySet[Authorisation]:
    return Authorisation.objects.filter(
        member=member, wanted=True, binding__status=BOUND, binding__enterprise=member.enterprise_id
    )


def _why_not(client: Client, *, is_authorised: bool) -> Refused:
    name = {"application": client.application.name}
    if is_authorised:
        words = _("“%(application)s” is suspended for now: its service is not active. Your enterprise can renew it.")
        return _refused("auth.frozen", words % name)
    bound = TenantBinding.objects.filter(
        enterprise=client.enterprise_id, application=client.application_id, status=BOUND
    )
    if not bound.exists():
        words = _("Your enterprise does not use “%(application)s” at present.")
        return _refused("auth.not_bound", words % name)
    words = _("You are not authorised for “%(application)s”. Ask an administrator of your enterprise.")
    return _refused("auth.not_authorised", words % name)


def _refused(code: str, words: str) -> Refused:
    return Refused(code, words, HTTPStatus.FORBIDDEN)


class Launchable(Struct, frozen=True):
    """An application on a member's workbench."""

    client: Client
    usable: bool
    fields: tuple[str, ...]
    """What its seller gets of the member beside name, department and role."""


def applications_of(member: Member, *, most: int) -> list[Launchable]:
    """Those that the member is authorised for, by name; at most so many."""
    clients = Client.objects.filter(enterprise=member.enterprise_id).select_related("application__seller")
    rows = (
        _authorised(member)
        .select_related("binding__subscription", "binding__application")
        .prefetch_related(Prefetch("binding__application__clients", clients, to_attr="own_clients"))
        .order_by("binding__application__name", "binding__application_id")[: most * 2]
    )
    found: dict[int, Launchable] = {}
    for row in rows:
        for client in row.binding.application.own_clients:  # type: ignore[attr-defined]  # of the Prefetch
            known = found.get(client.pk)
            fields = {*row.binding.released_fields, *(known.fields if known else ())}
            usable = is_usable(row.binding) or bool(known and known.usable)
            found[client.pk] = Launchable(client, usable, tuple(sorted(fields)))
    return list(found.values())[:most]
