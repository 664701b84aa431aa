"""Members replace the passwords of accounts that their enterprise created: at the first sign-in, later, and after
forgetting one.

The password of a market account is changed on the pages of the market, where it opens more than an enterprise."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.identity import log_ins, second_factor
from tradepost.market.identity.models import User

from .act_log import EnterpriseAction, actor_of, record
from .locking import lock, member_of
from .models import Member, OwnAddress

MAX_LENGTH = 1024


def replace_temporary(member: Member, new: str, *, now: datetime, wall: datetime) -> Member:
    """Replace a temporary password after sign-in. Hashes passwords: do not call it in a transaction. Raises
    ``Refused``."""
    if not member.password_temporary:
        raise Refused("member_password.replaced", _("You have replaced this password already. Sign in again."))
    return _set_password(member, new, EnterpriseAction.PASSWORD_CHANGED, now=now, wall=wall)


def change(member: Member, old: str, new: str, *, now: datetime, wall: datetime) -> Member:
    """Change the password of a user who knows the old one; wrong ones are delayed as at the second step.

    Hashes passwords: do not call it in a transaction. Ends all sessions; the caller renews that of this browser.
    Raises ``Refused``, which names the field."""
    check_managed(member)
    try:
        second_factor.check_password(member.user, old, wall=wall)
    except Refused as refusal:
        refusal.field = "old_password" if refusal.field else refusal.field
        raise
    return _set_password(member, new, EnterpriseAction.PASSWORD_CHANGED, now=now, wall=wall)


def reset(member: Member, new: str, address: OwnAddress, *, now: datetime, wall: datetime) -> Member:
    """Reset the password with a mailed link, which is used up (``own_address.find_reset``). Raises ``Refused``."""
    return _set_password(member, new, EnterpriseAction.PASSWORD_RESET, now=now, wall=wall, address=address)


def check_managed(member: Member) -> None:
    if not member.managed:
        message = _("You sign in with a market account. Change its password on the market's own page.")
        raise Refused("member_password.not_managed", message, HTTPStatus.FORBIDDEN)


def _set_password(
    member: Member,
    new_password: str,
    act: EnterpriseAction,
    *,
    now: datetime,
    wall: datetime,
    address: OwnAddress | None = None,
) -> Member:
    check_managed(member)
    before = member.user.password
    _check_rules(member, new_password)
    password_hash = make_password(new_password)
    with transaction.atomic():
        enterprise = lock(member.enterprise_id)
        current_member = member_of(enterprise, member)
        if address is not None and not OwnAddress.objects.filter(pk=address.pk, reset_hash=address.reset_hash).exists():
            raise Refused("member_password.link", _("This link was used already. Request another one."))
        # Refuse if the password was replaced meanwhile.
        if not User.objects.filter(pk=current_member.user_id, password=before, is_active=True).update(
            password=password_hash
        ):
            message = _("The password was changed meanwhile. Sign in again.")
            raise Refused("member_password.changed", message, HTTPStatus.CONFLICT)
        current_member.password_temporary = False
        current_member.save(update_fields=["password_temporary"])
        OwnAddress.objects.filter(member=current_member).update(reset_hash=None, reset_until=None)
        record(enterprise, act, actor_of(current_member), about=current_member, now=now, note=current_member.user_name)
        current_member.user.refresh_from_db()
        log_ins.end_by_password(current_member.user, now=now, wall=wall)
    return current_member


def _check_rules(member: Member, new_password: str) -> None:
    """Check a password against the market's rules, and that it is not the current one and does not contain the
    account name or name."""
    if member.user.check_password(new_password):
        raise _rule_broken(_("This is your current password. Choose another one."))
    folded_password = new_password.casefold()
    if any(len(name) > 2 and name.casefold() in folded_password for name in (member.user_name, member.name)):
        raise _rule_broken(_("The password contains your name. Choose another one."))
    try:
        validate_password(new_password)
    except ValidationError as error:
        raise _rule_broken(" ".join(error.messages)) from None


def _rule_broken(message: str) -> Refused:
    return Refused("member_password.rule", message, HTTPStatus.UNPROCESSABLE_ENTITY, field="new_password")
