"""Members replace the passwords of accounts that their enterprise made: at the first sign-in, later, and after they forgot one.

A market account's password is changed on the pages of the market, where it opens more than an enterprise.
"""

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

from .act_log import Did, actor, record
from .locking import lock, member_of
from .models import Member, OwnAddress

LONGEST = 1024


def replace_first(member: Member, new: str, *, now: datetime, wall: datetime) -> Member:
    """After a sign-in with a password that somebody else made. Hashes passwords: not inside a transaction that others wait for.
    Raises ``Refused``."""
    if not member.password_temporary:
        raise Refused("member_password.replaced", _("You have replaced this password already. Sign in again."))
    return _set(member, new, Did.PASSWORD_CHANGED, now=now, wall=wall)


def change(member: Member, old: str, new: str, *, now: datetime, wall: datetime) -> Member:
    """By its owner, who knows the old one; wrong ones are delayed as at the second step. The same about transactions. Ends all
    sessions; the caller renews that of this browser. Raises ``Refused``, which names the field."""
    must_be_managed(member)
    try:
        second_factor.check_password(member.user, old, wall=wall)
    except Refused as refused:
        refused.field = "old_password" if refused.field else refused.field
        raise
    return _set(member, new, Did.PASSWORD_CHANGED, now=now, wall=wall)


def reset(member: Member, new: str, address: OwnAddress, *, now: datetime, wall: datetime) -> Member:
    """By the link of a mail to the confirmed address, which is used up (``own_address.find_reset``). Raises ``Refused``."""
    return _set(member, new, Did.PASSWORD_RESET, now=now, wall=wall, address=address)


def must_be_managed(member: Member) -> None:
    if not member.managed:
        words = _("You sign in with a market account. Change its password on the market's own page.")
        raise Refused("member_password.not_managed", words, HTTPStatus.FORBIDDEN)


def _set(
    member: Member, new: str, did: Did, *, now: datetime, wall: datetime, address: OwnAddress | None = None
) -> Member:
    must_be_managed(member)
    before = member.user.password
    _must_be_good(member, new)
    hashed = make_password(new)
    with transaction.atomic():
        held = lock(member.enterprise_id)
        one = member_of(held, member)
        if address is not None and not OwnAddress.objects.filter(pk=address.pk, reset_hash=address.reset_hash).exists():
            raise Refused("member_password.link", _("This link was used already. Request another one."))
        # A password that was replaced meanwhile proves nothing.
        if not User.objects.filter(pk=one.user_id, password=before, is_active=True).update(password=hashed):
            words = _("The password was changed meanwhile. Sign in again.")
            raise Refused("member_password.changed", words, HTTPStatus.CONFLICT)
        one.password_temporary = False
        one.save(update_fields=["password_temporary"])
        OwnAddress.objects.filter(member=one).update(reset_hash=None, reset_until=None)
        record(held, did, actor(one), about=one, now=now, note=one.user_name)
        one.user.refresh_from_db()
        log_ins.end_by_password(one.user, now=now, wall=wall)
    return one


def _must_be_good(member: Member, new: str) -> None:
    """The market's rules for passwords, and not the account name, the name or the present password."""
    if member.user.check_password(new):
        raise _bad(_("This is your present password. Choose another one."))
    lowered = new.casefold()
    if any(len(name) > 2 and name.casefold() in lowered for name in (member.user_name, member.name)):
        raise _bad(_("The password contains your name. Choose another one."))
    try:
        validate_password(new)
    except ValidationError as wrong:
        raise _bad(" ".join(wrong.messages)) from None


def _bad(words: str) -> Refused:
    return Refused("member_password.rule", words, HTTPStatus.UNPROCESSABLE_ENTITY, field="new_password")
