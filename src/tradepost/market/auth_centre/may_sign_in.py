"""Rules for signing in to an application: an enabled and authorised member, an active binding and an active service.

They are checked at each step: authorisation, redemption of a code or refresh token, and lookup by a token. A withdrawal
therefore applies to the next request, regardless of issued tokens.
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
    """What an application may know of a member: the role, and the fields that the enterprise releases."""

    role: str
    released: frozenset[str]


def entry_refusal(member: Member) -> Refused | None:
    """Return why the member may not sign in at all, or None. Fetch user and enterprise beforehand."""
    if member.enterprise.status != Enterprise.Status.ACTIVE or member.removed_at is not None:
        return _refused("auth.no_member", _("You are no longer a member of this enterprise."))
    if not member.enabled or not member.user.is_active:
        words = _("Your account at %(enterprise)s is disabled. An administrator there can enable it again.")
        return _refused("auth.disabled", words % {"enterprise": member.enterprise.name})
    return None


def sign_in_refusal(member: Member, client: Client) -> Refused | None:
    """Return why the member may not use the application, or None."""
    result = access(member, client)
    return result if isinstance(result, Refused) else None


def access(member: Member, client: Client) -> Access | Refused:
    """Return the member's access. Fetch the application of ``client`` beforehand. One query, or two for a refusal."""
    if client.enterprise_id != member.enterprise_id:
        return _refused("auth.other_enterprise", _("This application belongs to another enterprise."))
    if (refusal := entry_refusal(member)) is not None:
        return refusal
    rows = list(
        _authorised(member).filter(binding__application=client.application_id).select_related("binding__subscription")
    )
    usable = [row for row in rows if is_usable(row.binding)]
    if usable:
        return _access(usable)
    return _refusal(client, is_authorised=bool(rows))


def is_usable(binding: TenantBinding) -> bool:
    """Return whether the bound service is active. A test binding has no service."""
    return binding.subscription is None or binding.subscription.status == USABLE


def _access(rows: list[Authorisation]) -> Access:
    """Combine the access through several services of one application."""
    return Access(
        role=Member.Role.ADMIN.value if any(row.admin for row in rows) else Member.Role.USER.value,
        released=frozenset(name for row in rows for name in row.binding.released_fields),
    )


def _authorised(member: Member) -> QuerySet[Authorisation]:
    return Authorisation.objects.filter(
        member=member, wanted=True, binding__status=BOUND, binding__enterprise=member.enterprise_id
    )


def _refusal(client: Client, *, is_authorised: bool) -> Refused:
    name = {"application": client.application.name}
    if is_authorised:
        words = _(
            "“%(application)s” is suspended because its service is not active. Your enterprise can renew the service."
        )
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
    """Fields that the seller gets in addition to name, department and role."""


def applications_of(member: Member, *, most: int) -> list[Launchable]:
    """Return the member's authorised applications by name, at most ``most``."""
    clients = Client.objects.filter(enterprise=member.enterprise_id).select_related("application__seller")
    rows = (
        _authorised(member)
        .select_related("binding__subscription", "binding__application")
        .prefetch_related(Prefetch("binding__application__clients", clients, to_attr="own_clients"))
        .order_by("binding__application__name", "binding__application_id")[: most * 2]
    )
    by_client: dict[int, Launchable] = {}
    for row in rows:
        for client in row.binding.application.own_clients:  # type: ignore[attr-defined]  # of the Prefetch
            known_item = by_client.get(client.pk)
            fields = {*row.binding.released_fields, *(known_item.fields if known_item else ())}
            usable = is_usable(row.binding) or bool(known_item and known_item.usable)
            by_client[client.pk] = Launchable(client, usable, tuple(sorted(fields)))
    return list(by_client.values())[:most]
