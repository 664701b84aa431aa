"""Whether a buyer can use a joint product, to which people sign in through an enterprise that the buyer founded and
administers."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from http import HTTPStatus

from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import User
from tradepost.market.organisations.models import Enterprise, Member
from tradepost.market.organisations.queries import admins_of, memberships_of
from tradepost.market.product_types.registry import product_type

from .buyer_queries import enterprises_founded_by
from .models import Application, TenantBinding

APPLICATION = "application"
"""Attribute of a product with its application. If it is fetched with the product, ``requirement_of`` needs no query for most
products."""
MAX_NAMED = 3
"""Maximum number of administrators that a message names."""


class Missing(StrEnum):
    ENTERPRISE = "enterprise"
    """The buyer belongs to no enterprise and has to create one."""
    FOUNDER = "founder"
    """The buyer is a member of an enterprise that another person founded. The founder has to buy."""
    RIGHTS = "rights"
    """The buyer founded an enterprise but no longer administers it."""


class EnterpriseRequirement(Struct, frozen=True):
    """The requirement of a joint product for a reader.

    ``missing``: None if nothing is missing or the visitor is not signed in. ``enterprise``: the enterprise that the
    message names, with its administrators. ``taken``: all the reader's enterprises already use the application, which
    allows one binding for each.
    """

    missing: Missing | None = None
    taken: bool = False
    enterprise: Enterprise | None = None
    admins: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What is missing and what to do; empty if nothing is missing."""
        facts = {"enterprise": self.enterprise, "admins": ", ".join(self.admins)}
        match self.missing:
            case Missing.ENTERPRISE:
                return _(
                    "People sign in to this product with accounts of an enterprise, and you have none. Create your enterprise first, "
                    "then buy. If your company already has one here, ask the person who founded it to buy."
                )
            case Missing.FOUNDER:
                words = _(
                    "Only the person who founded %(enterprise)s can buy for it. If you do not know who that is, "
                    "ask its administrators: %(admins)s. You can also create your own enterprise."
                )
                return words % facts
            case Missing.RIGHTS:
                words = _(
                    "You founded %(enterprise)s but are no longer its administrator, so you could not bind the service. Ask an "
                    "administrator to make you one again: %(admins)s."
                )
                return words % facts
        return ""


def requirement_of(product: Product, user: User | None) -> EnterpriseRequirement | None:
    """Return the requirement; None if the product needs no enterprise."""
    if not product_type(product.product_type).joint_sign_in:
        return None
    application: Application | None = getattr(product, APPLICATION, None)
    if application is None:
        return None
    if user is None:
        return EnterpriseRequirement()
    if founded_enterprises := enterprises_founded_by(user.pk):
        return EnterpriseRequirement(
            taken=not application.multi_instance and _all_use(application, founded_enterprises)
        )
    founded_enterprise = Enterprise.objects.filter(buyer=user, status=Enterprise.Status.ACTIVE).order_by("pk").first()
    if founded_enterprise is not None:
        return _requirement(Missing.RIGHTS, founded_enterprise)
    active_memberships = [membership for membership in memberships_of(user) if membership.enabled]
    return (
        _requirement(Missing.FOUNDER, active_memberships[0].enterprise)
        if active_memberships
        else EnterpriseRequirement(missing=Missing.ENTERPRISE)
    )


def _all_use(application: Application, enterprises: Sequence[Enterprise]) -> bool:
    bindings = TenantBinding.objects.filter(enterprise__in=enterprises, application=application)
    return bindings.exclude(status=TenantBinding.Status.UNBOUND).count() >= len(enterprises)


def _requirement(missing: Missing, enterprise: Enterprise) -> EnterpriseRequirement:
    admins: list[Member] = admins_of(enterprise)
    return EnterpriseRequirement(
        missing=missing,
        enterprise=enterprise,
        admins=tuple(admin.name or admin.user_name for admin in admins[:MAX_NAMED]),
    )


def check_enterprise(product: Product, buyer: User) -> None:
    """Check before the payment. Raises ``Refused`` with what to do."""
    need = requirement_of(product, buyer)
    if need is not None and need.missing is not None:
        raise Refused("order.needs_enterprise", need.words, HTTPStatus.CONFLICT, field="product_id")
