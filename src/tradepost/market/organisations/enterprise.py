"""Found, rename and dissolve an enterprise. A buyer founds it and becomes its first administrator (openapi-jointkit
§A.5)."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import Seller, User

from . import account_names
from .act_log import MARKET_ACTOR, EnterpriseAction, actor_of, record
from .events import EnterpriseChanged, EnterpriseDissolved
from .lifecycle import ENTERPRISE, EnterpriseEvent
from .locking import lock
from .models import Department, Enterprise, Member

MAX_NAME_LENGTH = 255
FIRST_DEPARTMENT = "HQ"
"""Code of an enterprise's first department: every member belongs to one (§A.7 ``orgCode``)."""


class FoundEnterprise(Struct, frozen=True, kw_only=True):
    """``name`` and ``code`` of the enterprise; ``user_name`` and ``person``: the founder's account name and name in
    it."""

    name: str
    code: str
    user_name: str
    person: str


def found_enterprise(user: User, command: FoundEnterprise, *, most: int, now: datetime) -> Member:
    """Found an enterprise and return the founder as a member. ``most``: limit of active enterprises per founder.
    Raises ``Refused``."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if Enterprise.objects.filter(buyer=user, status=Enterprise.Status.ACTIVE).count() >= most:
            message = _("You have founded %(most)s enterprises already. Dissolve one that you no longer need.")
            raise Refused("enterprise.too_many", message % {"most": most})
        enterprise, department = _create(command.name, command.code, buyer=user, now=now)
        member = Member.objects.create(
            enterprise=enterprise, user=user, user_name=account_names.checked_user_name(command.user_name),
            name=account_names.plain_name(command.person, field="person", longest=64), department=department,
            role=Member.Role.ADMIN, joined_at=now,
        )  # fmt: skip
        record(enterprise, EnterpriseAction.FOUNDED, actor_of(member), now=now)
    return member


def found_for_tests(seller: Seller, name: str, code: str, *, now: datetime) -> Enterprise:
    """Return the test enterprise of a seller, created on the first call. It has no administrator; the market creates
    its members (§B.1 'Test account')."""
    with transaction.atomic():
        Seller.objects.select_for_update().get(pk=seller.pk)
        existing = Enterprise.objects.filter(test_seller=seller).first()
        if existing is not None:
            return existing
        enterprise, _department = _create(name, code, test_seller=seller, now=now)
        record(enterprise, EnterpriseAction.FOUNDED, MARKET_ACTOR, now=now)
    return enterprise


def _create(
    name: str, code: str, *, now: datetime, buyer: User | None = None, test_seller: Seller | None = None
) -> tuple[Enterprise, Department]:
    name, code = account_names.plain_name(name, field="name", longest=MAX_NAME_LENGTH), account_names.tenant_code(code)
    try:
        with transaction.atomic():
            enterprise = Enterprise.objects.create(
                name=name, code=code, buyer=buyer, test_seller=test_seller, people=1 if buyer else 0, created_at=now
            )
    except IntegrityError:
        message = _("Another enterprise has, or had, the code “%(code)s”. Choose another one.") % {"code": code}
        raise Refused("enterprise.code_taken", message, field="code") from None
    return enterprise, Department.objects.create(enterprise=enterprise, code=FIRST_DEPARTMENT, name=name[:128])


def rename(enterprise: Enterprise, name: str, *, by: Member, now: datetime) -> None:
    """Rename an enterprise. Its code stays, because people sign in with it."""
    name = account_names.plain_name(name, field="name", longest=MAX_NAME_LENGTH)
    with transaction.atomic():
        locked_enterprise = lock(enterprise, by=by)
        if locked_enterprise.name == name:
            return
        record(locked_enterprise, EnterpriseAction.RENAMED, actor_of(by), now=now, note=name)
        locked_enterprise.name = enterprise.name = name
        locked_enterprise.save(update_fields=["name"])
        outbox.publish(EnterpriseChanged(enterprise=locked_enterprise.pk), now=now)


def end(enterprise: Enterprise, *, now: datetime) -> None:
    """Dissolve an enterprise that the caller holds, after the waiting period of ``dissolution``.

    Its members stay unchanged: sellers are notified of the end of the enterprise, which includes all members.
    Invitations stay too, without effect (``invite.find_invitation``)."""
    ENTERPRISE.move_all(
        [enterprise], EnterpriseEvent.DISSOLVE, now=now, actor=MARKET_ACTOR.text or "market", dissolved_at=now
    )
    record(enterprise, EnterpriseAction.DISSOLVED, MARKET_ACTOR, now=now)
    outbox.publish(EnterpriseDissolved(enterprise=enterprise.pk), now=now)
