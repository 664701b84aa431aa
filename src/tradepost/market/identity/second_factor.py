"""Two-step sign-in: after the password, a code of an authenticator app or one of ten single-use recovery codes.

The owner turns it on and off. An operator, or an administrator of the enterprise that created the account, can reset
it. ``wall`` is real time, which telephones use; ``now`` is market time."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import ids, outbox, rows
from tradepost.market.base.errors import Refused
from tradepost.market.base.reseal import KeyedHash
from tradepost.market.base.secrets import fingerprints, seal, unseal

from . import limits, log_ins, throttling, totp
from .events import SecondStepGuessed, SignInChanged
from .models import RecoveryCode, SecondFactor, User
from .sign_in_guesses import Origin

RECOVERY_CODE_COUNT = 10
GROUP_LENGTH = 5
"""A recovery code has two groups of this many characters of ``ids.ALPHABET``: 50 bits, with delays after wrong
guesses."""
MAX_INPUT_LENGTH = 40
"""Maximum length of an entered code, with copied spaces and hyphens."""
SETUP_TIME = timedelta(minutes=30)
"""How long a displayed QR code can be confirmed with its first code."""


class Method(StrEnum):
    """The method of the second step."""

    APP = "otp"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True)
class Draft:
    """A secret that is not active yet. Its owner sees it, and confirms it with a code together with ``sealed``."""

    secret: str = field(repr=False)
    sealed: str = field(repr=False)


class State(Struct, frozen=True):
    since: datetime
    codes_left: int


class TooManyCodes(Refused):
    """Too many wrong codes. ``wait``: whole seconds until the next try. ``everywhere``: for all unknown origins."""

    def __init__(self, wait: int, *, everywhere: bool = False) -> None:
        message = (
            _(
                "Too many wrong codes for this account. Use a browser in which you signed in before, or the link "
                "in the email that we sent you. Otherwise try again in %(time)s."
            )
            if everywhere
            else _("Too many failed attempts for this account. Try again in %(time)s.")
        )
        text = message % {"time": throttling.format_wait(wait)}
        super().__init__("second_step.too_often", text, HTTPStatus.TOO_MANY_REQUESTS, wait=wait)


def is_on(user: User) -> bool:
    return SecondFactor.objects.filter(user=user).exists()


def state(user: User) -> State | None:
    """Return the state, or None if it is off."""
    factor = SecondFactor.objects.filter(user=user).first()
    return State(factor.created_at, factor.codes.filter(used_at=None).count()) if factor else None


def draft(user: User, *, wall: datetime) -> Draft:
    secret = totp.base32(secrets.token_bytes(totp.SECRET_BYTES))
    return Draft(secret, seal(json.dumps({"user": user.pk, "secret": secret, "at": wall.timestamp()})))


def reopen(user: User, sealed: str, *, wall: datetime) -> Draft | None:
    """Return the draft that was recently shown to this account; None for any other text."""
    try:
        values = json.loads(unseal(sealed))
    except ValueError:
        return None
    if not isinstance(values, dict) or values.get("user") != user.pk or "secret" not in values:
        return None
    age = wall.timestamp() - values["at"]
    return Draft(values["secret"], sealed) if 0 <= age <= SETUP_TIME.total_seconds() else None


def turn_on(user: User, pending: Draft, code: str, *, now: datetime, wall: datetime) -> list[str]:
    """Turn it on with the first code of the app, which proves that the owner scanned the QR code. Ends all sessions
    of the account.

    Return the recovery codes, which are not shown again. Raises ``Refused``."""
    _check_delay(limits.CODE, f"{user.pk}", wall)
    step = totp.matching_step(pending.secret, _plain(code), now=wall, after=-1)
    if step is None:
        raise _wrong(
            _(
                "This is not the code that the app currently shows. Make sure that your phone sets its clock automatically."
            )
        )
    throttling.clear_guesses(limits.CODE, f"{user.pk}")
    with transaction.atomic():
        try:
            with transaction.atomic():
                factor = SecondFactor.objects.create(
                    user=user, sealed=seal(pending.secret), last_step=step, created_at=wall
                )
        except IntegrityError:
            raise Refused("second_step.on", _("Two-step sign-in is on for this account already.")) from None
        codes = _create_codes(factor)
        log_ins.end_all(user)
        _publish_change(user, "on", now, wall)
    return codes


def verify_code(user: User, text: str, *, origin: Origin, now: datetime, wall: datetime) -> Method:
    """Check a code of the app or a recovery code, and use it up. Raises ``Refused``; catch it so that the counts are
    committed.

    After a few wrong codes, each delays the next from this origin. All unknown origins together have
    ``limits.CODES_FROM_NEW_ORIGINS`` tries a day, so an attacker who knows the password does not lock out the
    owner."""
    factor = SecondFactor.objects.filter(user=user).first()
    if factor is None:
        raise Refused("second_step.off", _("Two-step sign-in is off for this account. Sign in again."))
    tries = f"{user.pk} from {origin.name}"
    _check_delay(limits.CODE, tries, wall)
    if not origin.known:
        _check_new_origins(user, tries, now, wall)
    code = _plain(text)
    method = (
        Method.APP
        if _use_app_code(factor, code, wall)
        else Method.RECOVERY
        if _use_recovery_code(factor, code, wall)
        else None
    )
    if method is None:
        _warn(user, now, wall)
        raise _wrong(_("The code is wrong, or it was used already. Wait for the next one that your app shows."))
    throttling.clear_guesses(limits.CODE, tries)
    return method


def check_password(user: User, password: str, *, wall: datetime) -> None:
    """Check the password before a change in an open session. Slow: do not call it in a transaction. Raises
    ``Refused``."""
    _check_delay(
        limits.PASSWORD_AT_THE_SECOND_STEP, f"{user.pk}", wall
    )  # separate count: a correct password does not reset wrong codes
    if not user.check_password(password):
        raise Refused(
            "second_step.password", _("The password is wrong."), HTTPStatus.UNPROCESSABLE_ENTITY, field="password"
        )
    throttling.clear_guesses(limits.PASSWORD_AT_THE_SECOND_STEP, f"{user.pk}")


def turn_off(user: User, *, now: datetime, wall: datetime) -> None:
    """Turn it off. Call it after ``check_password`` and ``verify_code``."""
    _remove(user, "off", now, wall)


def reset(user: User, *, now: datetime, wall: datetime) -> None:
    """Turn it off for a user who lost the telephone and the recovery codes. Raises ``Refused`` if it is off."""
    if not _remove(user, "reset", now, wall):
        raise Refused("second_step.off", _("Two-step sign-in is off for this account: nothing was changed."))


def new_codes(user: User, *, now: datetime, wall: datetime) -> list[str]:
    """Replace the recovery codes. Raises ``Refused`` if it is off."""
    with transaction.atomic():
        factor = SecondFactor.objects.select_for_update().filter(user=user).first()
        if factor is None:
            raise Refused("second_step.off", _("Two-step sign-in is off for this account: nothing was changed."))
        factor.codes.all().delete()
        codes = _create_codes(factor)
        _publish_change(user, "codes", now, wall)
    return codes


def _remove(user: User, change: str, now: datetime, wall: datetime) -> bool:
    with transaction.atomic():
        if not SecondFactor.objects.filter(user=user).delete()[0]:
            return False
        log_ins.end_all(user)
        _publish_change(user, change, now, wall)
    return True


def _create_codes(factor: SecondFactor) -> list[str]:
    codes = {ids.draw_random(ids.ALPHABET, 2 * GROUP_LENGTH) for _number in range(RECOVERY_CODE_COUNT)}
    while len(codes) < RECOVERY_CODE_COUNT:  # duplicates are extremely unlikely
        codes.add(ids.draw_random(ids.ALPHABET, 2 * GROUP_LENGTH))
    rows.create([RecoveryCode(factor=factor, code_hash=_hashes(factor, code)[0]) for code in sorted(codes)])
    return [f"{code[:GROUP_LENGTH]}-{code[GROUP_LENGTH:]}" for code in sorted(codes)]


def _use_app_code(factor: SecondFactor, code: str, wall: datetime) -> bool:
    """Check a code and mark it as used in one statement, so that only one of two concurrent requests succeeds (RFC
    6238 §5.2)."""
    step = totp.matching_step(unseal(factor.sealed), code, now=wall, after=factor.last_step)
    if step is None:
        return False
    return bool(SecondFactor.objects.filter(pk=factor.pk, last_step__lt=step).update(last_step=step))


def _use_recovery_code(factor: SecondFactor, code: str, wall: datetime) -> bool:
    if len(code) != 2 * GROUP_LENGTH:
        return False
    fresh = RecoveryCode.objects.filter(factor=factor, code_hash__in=_hashes(factor, code), used_at=None)
    return bool(fresh.update(used_at=wall))


def _hashes(factor: SecondFactor, code: str) -> tuple[str, ...]:
    return fingerprints("tradepost.recovery", f"{factor.pk} {code}")


HASHES = KeyedHash(
    model=RecoveryCode, column="code_hash", name="recovery codes", issued="factor__created_at", live=Q(used_at=None)
)


def _warn(user: User, now: datetime, wall: datetime) -> None:
    with transaction.atomic():
        too_many = throttling.count(limits.WRONG_CODES, f"{user.pk}", now=wall)
        if too_many and not throttling.count(limits.CODE_WARNINGS, f"{user.pk}", now=wall):
            outbox.publish(SecondStepGuessed(user=user.pk, at=wall), now=now)


def _plain(text: str) -> str:
    return "".join(text[:MAX_INPUT_LENGTH].split()).replace("-", "").upper()


def _check_delay(delays: limits.Delays, key: str, wall: datetime) -> None:
    if wait := throttling.begin_guess(delays, key, now=wall):
        raise TooManyCodes(wait)


def _check_new_origins(user: User, tries: str, now: datetime, wall: datetime) -> None:
    if wait := throttling.count(limits.CODES_FROM_NEW_ORIGINS, f"{user.pk}", now=wall):
        throttling.undo_guess(limits.CODE, tries, now=wall)
        _warn(user, now, wall)
        raise TooManyCodes(wait, everywhere=True)


def _wrong(words: str) -> Refused:
    return Refused("second_step.wrong", words, HTTPStatus.UNPROCESSABLE_ENTITY, field="code")


def _publish_change(user: User, change: str, now: datetime, wall: datetime) -> None:
    outbox.publish(SignInChanged(user=user.pk, what=change, at=wall), now=now)
