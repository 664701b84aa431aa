"""An enterprise is founded by a buyer, who becomes its first administrator; it is renamed, and dissolved (openapi-jointkit §A.5)."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import Seller, User

from . import account_names
from .act_log import MARKET, Actor, Did, actor, record
from .events import EnterpriseChanged, EnterpriseDissolved
from .lifecycle import ENTERPRISE, EnterpriseEvent
from .locking import lock
from .models import Department, Enterprise, Member

LONGEST_NAME = 255
FIRST_DEPARTMENT = "HQ"
"""Code of the department that an enterprise begins with: each of its people is in one (§A.7 ``orgCode``)."""


class Found(Struct, frozen=True, kw_only=True):
    """``name`` and ``code`` of the enterprise; ``user_name`` and ``person``: the founder's account name and name in it."""

    name: str
    code: str
    user_name: str
    person: str


def found(user: User, wanted: Found, *, most: int, now: datetime) -> Member:
    """``most``: living enterprises that one account may have founded. Gives the founder as a member. Raises ``Refused``."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if Enterprise.objects.filter(buyer=user, status=Enterprise.Status.ACTIVE).count() >= most:
            words = _("You have founded %(most)s enterprises already. Dissolve one that you no longer need.")
            raise Refused("enterprise.too_many", words % {"most": most})
        enterprise, department = _make(wanted.name, wanted.code, buyer=user, now=now)
        member = Member.objects.create(
            enterprise=enterprise, user=user, user_name=account_names.user_name(wanted.user_name),
            name=account_names.plain_name(wanted.person, field="person", longest=64), department=department,
            role=Member.Role.ADMIN, joined_at=now,
        )  # fmt: skip
        record(enterprise, Did.FOUNDED, actor(member), now=now)
    return member


def found_for_tests(seller: Seller, name: str, code: str, *, now: datetime) -> Enterprise:
    """The one test enterprise of a seller: it has no administrator, the market makes its members (§B.1 'Test account')."""
    with transaction.atomic():
        Seller.objects.select_for_update().get(pk=seller.pk)
        standing = Enterprise.objects.filter(test_seller=seller).first()
        if standing is not None:
            return standing
        enterprise, _department = _make(name, code, test_seller=seller, now=now)
        record(enterprise, Did.FOUNDED, MARKET, now=now)
    return enterprise


def _make(
    name: str, code: str, *, now: datetime, buyer: User | None = None, test_seller: Seller | None = None
) -> tuple[Enterprise, Department]:
    name, code = account_names.plain_name(name, field="name", longest=LONGEST_NAME), account_names.tenant_code(code)
    try:
        with transaction.atomic():
            enterprise = Enterprise.objects.create(
                name=name, code=code, buyer=buyer, test_seller=test_seller, people=1 if buyer else 0, created_at=now
            )
    except IntegrityError:
        words = _("Another enterprise has, or had, the code “%(code)s”. Choose another one.") % {"code": code}
        raise Refused("enterprise.code_taken", words, field="code") from None
    return enterprise, Department.objects.create(enterprise=enterprise, code=FIRST_DEPARTMENT, name=name[:128])


def rename(enterprise: Enterprise, name: str, *, by: Member, now: datetime) -> None:
    """The code stays: people sign in with it."""
    name = account_names.plain_name(name, field="name", longest=LONGEST_NAME)
    with transaction.atomic():
        held = lock(enterprise, by=by)
        if held.name == name:
            return
        record(held, Did.RENAMED, actor(by), now=now, note=name)
        held.name = enterprise.name = name
        held.save(update_fields=["name"])
        outbox.publish(EnterpriseChanged(enterprise=held.pk), now=now)


def dissolve(enterprise: Enterprise, *, by: Member | None, typed: str, now: datetime) -> None:
    """End it for good. ``typed``: its code, so that nobody dissolves another one than they think.

    Its members stay as they were: sellers are told of the enterprise's end, which is that of all in it. So do invitations, which open
    nothing any more (``invite.find_invitation``).
    """
    with transaction.atomic():
        held = lock(enterprise, by=by)
        if typed.strip().lower() != held.code:
            words = _("Type the code of the enterprise, %(code)s, to dissolve it.") % {"code": held.code}
            raise account_names.wrong("typed", words)
        _end(held, actor(by), now)


def _end(held: Enterprise, who: Actor, now: datetime) -> None:
    ENTERPRISE.move_all([held], EnterpriseEvent.DISSOLVE, now=now, actor=who.text or "market", dissolved_at=now)
    record(held, Did.DISSOLVED, who, now=now)
    outbox.publish(EnterpriseDissolved(enterprise=held.pk), now=now)
