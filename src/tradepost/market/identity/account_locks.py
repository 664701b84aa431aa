"""Lock an account with a reason, and unlock it. Locking ends its sessions; its services continue."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused

from . import log_ins, operators
from .events import AccountLocked, AccountUnlocked, SignInChanged
from .models import User
from .operator_models import AccountLock

MAX_REASON_LENGTH = 500


def lock_of(user: User) -> AccountLock | None:
    """Return the lock of the account, if any."""
    return AccountLock.objects.filter(user=user, lifted_at=None).first()


def lock(user: User, *, reason: str, by: str, now: datetime, wall: datetime) -> AccountLock:
    """Block the account's password, sessions and access keys. ``by``: email of the operator; ``wall``: real time.

    Raises ``Refused`` without a reason, for a locked account, and for the last owner."""
    with transaction.atomic():
        locked_user = User.objects.select_for_update().get(pk=user.pk)
        reason = _reason(reason)
        if lock_of(locked_user) is not None:
            raise Refused("account.locked", _("This account is locked already."))
        operators.check_owner_remains(locked_user)
        account_lock = AccountLock.objects.create(user=locked_user, reason=reason, by=by, at=now)
        User.objects.filter(pk=locked_user.pk).update(is_active=False)
        log_ins.end_all(locked_user)
        outbox.publish(SignInChanged(user=locked_user.pk, what="locked", at=wall), now=now)
        outbox.publish(AccountLocked(user=locked_user.pk, lock=account_lock.pk, at=now), now=now)
    user.is_active = False
    return account_lock


def unlock(user: User, *, reason: str, by: str, now: datetime) -> None:
    """Unlock the account. Raises ``Refused`` without a reason, or if it is not locked."""
    with transaction.atomic():
        locked_user = User.objects.select_for_update().get(pk=user.pk)
        reason, account_lock = _reason(reason), lock_of(locked_user)
        if account_lock is None:
            raise Refused("account.not_locked", _("This account is not locked."))
        account_lock.lifted_at, account_lock.lifted_by, account_lock.lifted_reason = now, by, reason
        account_lock.save(update_fields=["lifted_at", "lifted_by", "lifted_reason"])
        User.objects.filter(pk=locked_user.pk).update(is_active=True)
        outbox.publish(AccountUnlocked(user=locked_user.pk, lock=account_lock.pk, at=now), now=now)
    user.is_active = True


def activate(user: int) -> None:
    """Let an account that its enterprise had disabled sign in again, unless an operator locked it."""
    locks = AccountLock.objects.filter(user=OuterRef("pk"), lifted_at=None)
    User.objects.filter(~Exists(locks), pk=user).update(is_active=True)


def _reason(text: str) -> str:
    text = text.strip()
    if not 0 < len(text) <= MAX_REASON_LENGTH:
        message = _("Enter a reason of at most %(most)s characters. The account holder is informed of it.") % {
            "most": MAX_REASON_LENGTH
        }
        raise Refused("account.reason", message, HTTPStatus.UNPROCESSABLE_ENTITY, field="reason")
    return text
