"""A second step after the password: a code of an authenticator app, or one of ten recovery codes, each good once.

Turned on and off by its owner; taken off by whoever may (an operator, or an administrator of the enterprise that made the account).
``wall`` is real time, by which telephones and guessers go; ``now`` is the market's.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import ids, outbox, rows
from tradepost.market.base.errors import Refused
from tradepost.market.base.secrets import fingerprints, seal, unseal

from . import log_ins, throttling, totp
from .events import SecondStepGuessed, SignInChanged
from .models import RecoveryCode, SecondFactor, User
from .sign_in_guesses import Origin

CODES = 10
HALF = 5
"""A recovery code is two groups of so many characters of ``ids.ALPHABET``: 50 bits, with a delay after each few wrong ones."""
LONGEST = 40
"""Characters that a form takes for a code, with the blanks and hyphens that people copy along."""
WARNED_AFTER, DAY = 8, timedelta(days=1)
"""So many wrong codes in so long a time, and the owner is told: whoever guesses knows the password."""
CODES_FROM_NEW_ORIGINS = 30
"""A day: a guesser finds a code of six digits in one of a thousand such days."""
TO_BEGIN = timedelta(minutes=30)
"""For which a picture that was shown can be answered with its first code."""


class Method(StrEnum):
    """By what the second step was done."""

    APP = "otp"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True)
class Draft:
    """A secret that is not in force yet: shown to its owner, who answers with a code and gives ``sealed`` back."""

    secret: str = field(repr=False)
    sealed: str = field(repr=False)


class State(Struct, frozen=True):
    since: datetime
    codes_left: int


class TooOften(Refused):
    """``wait``: whole seconds until the next try. ``everywhere``: from all origins that are not known."""

    def __init__(self, wait: int, *, everywhere: bool = False) -> None:
        message = (
            _(
                "Too many wrong codes for this account. Use a browser in which you signed in before, or the link in the mail that we "
                "sent you. Otherwise try again in %(time)s."
            )
            if everywhere
            else _("Too many wrong tries for this account. Try again in %(time)s.")
        )
        shown = message % {"time": throttling.in_words(wait)}
        super().__init__("second_step.too_often", shown, HTTPStatus.TOO_MANY_REQUESTS)
        self.wait = wait


def is_on(user: User) -> bool:
    return SecondFactor.objects.filter(user=user).exists()


def state(user: User) -> State | None:
    """None where it is off."""
    factor = SecondFactor.objects.filter(user=user).first()
    return State(factor.created_at, factor.codes.filter(used_at=None).count()) if factor else None


def draft(user: User, *, wall: datetime) -> Draft:
    secret = totp.base32(secrets.token_bytes(totp.SECRET_BYTES))
    return Draft(secret, seal(json.dumps({"user": user.pk, "secret": secret, "at": wall.timestamp()})))


def reopen(user: User, sealed: str, *, wall: datetime) -> Draft | None:
    """The draft that this account was shown a short while ago; None for any other text."""
    try:
        told = json.loads(unseal(sealed))
    except ValueError:
        return None
    if not isinstance(told, dict) or told.get("user") != user.pk or "secret" not in told:
        return None
    age = wall.timestamp() - told["at"]
    return Draft(told["secret"], sealed) if 0 <= age <= TO_BEGIN.total_seconds() else None


def turn_on(user: User, begun: Draft, code: str, *, now: datetime, wall: datetime) -> list[str]:
    """With the first code of the app, so that nobody is locked out by a picture that was not read. Ends all sessions of the
    account. Gives the recovery codes, which nobody sees again. Raises ``Refused``."""
    _may_try(_tries(user), wall)
    step = totp.matching_step(begun.secret, _plain(code), now=wall, after=-1)
    if step is None:
        raise _wrong(
            _("This is not the code that the app shows now. Check that your telephone sets its clock by itself.")
        )
    throttling.guessed(_tries(user))
    with transaction.atomic():
        try:
            with transaction.atomic():
                factor = SecondFactor.objects.create(
                    user=user, sealed=seal(begun.secret), last_step=step, created_at=wall
                )
        except IntegrityError:
            raise Refused("second_step.on", _("Two-step sign-in is on for this account already.")) from None
        codes = _draw_codes(factor)
        log_ins.end_all(user)
        _tell(user, "on", now, wall)
    return codes


def prove(user: User, text: str, *, origin: Origin, now: datetime, wall: datetime) -> Method:
    """A code of the app or of recovery; it is used up by this. After a few wrong ones each delays the next from this origin, and
    all unknown origins together have ``CODES_FROM_NEW_ORIGINS`` a day, so that an attacker who knows the password locks out
    himself and not the owner. Raises ``Refused``. Catch it: what is counted must be kept."""
    factor = SecondFactor.objects.filter(user=user).first()
    if factor is None:
        raise Refused("second_step.off", _("Two-step sign-in is off for this account. Begin the sign-in again."))
    tries = f"{_tries(user)} from {origin.name}"
    _may_try(tries, wall)
    if not origin.known:
        _may_try_from_new_origins(user, tries, now, wall)
    code = _plain(text)
    method = (
        Method.APP
        if _is_of_app(factor, code, wall)
        else Method.RECOVERY
        if _is_of_recovery(factor, code, wall)
        else None
    )
    if method is None:
        _warn(user, now, wall)
        raise _wrong(_("The code is wrong, or it was used already. Wait for the next one that your app shows."))
    throttling.guessed(tries)
    return method


def check_password(user: User, password: str, *, wall: datetime) -> None:
    """Before a change, by whoever sits at an open session. Slow: not in a transaction that others wait for. Raises ``Refused``."""
    what = f"password at the second step of {user.pk}"  # apart from the codes: a right one forgives no wrong code
    _may_try(what, wall)
    if not user.check_password(password):
        raise Refused(
            "second_step.password", _("The password is wrong."), HTTPStatus.UNPROCESSABLE_ENTITY, field="password"
        )
    throttling.guessed(what)


def turn_off(user: User, *, now: datetime, wall: datetime) -> None:
    """After ``check_password`` and ``prove``."""
    _take_off(user, "off", now, wall)


def reset(user: User, *, now: datetime, wall: datetime) -> None:
    """By somebody else, for who lost the telephone and the recovery codes. Raises ``Refused`` where it is off."""
    if not _take_off(user, "reset", now, wall):
        raise Refused("second_step.off", _("Two-step sign-in is off for this account: nothing was changed."))


def new_codes(user: User, *, now: datetime, wall: datetime) -> list[str]:
    """In place of the earlier ones, which open nothing any more. Raises ``Refused`` where it is off."""
    with transaction.atomic():
        factor = SecondFactor.objects.select_for_update().filter(user=user).first()
        if factor is None:
            raise Refused("second_step.off", _("Two-step sign-in is off for this account: nothing was changed."))
        factor.codes.all().delete()
        codes = _draw_codes(factor)
        _tell(user, "codes", now, wall)
    return codes


def _take_off(user: User, what: str, now: datetime, wall: datetime) -> bool:
    with transaction.atomic():
        if not SecondFactor.objects.filter(user=user).delete()[0]:
            return False
        log_ins.end_all(user)
        _tell(user, what, now, wall)
    return True


def _draw_codes(factor: SecondFactor) -> list[str]:
    drawn = {ids.chance(ids.ALPHABET, 2 * HALF) for _number in range(CODES)}
    while len(drawn) < CODES:  # two alike: once in a few hundred million million
        drawn.add(ids.chance(ids.ALPHABET, 2 * HALF))
    rows.create([RecoveryCode(factor=factor, code_hash=_hashes(factor, code)[0]) for code in sorted(drawn)])
    return [f"{code[:HALF]}-{code[HALF:]}" for code in sorted(drawn)]


def _is_of_app(factor: SecondFactor, code: str, wall: datetime) -> bool:
    """Marked used in one statement: of two who send it at the same moment one gets in (RFC 6238 §5.2)."""
    step = totp.matching_step(unseal(factor.sealed), code, now=wall, after=factor.last_step)
    if step is None:
        return False
    return bool(SecondFactor.objects.filter(pk=factor.pk, last_step__lt=step).update(last_step=step))


def _is_of_recovery(factor: SecondFactor, code: str, wall: datetime) -> bool:
    if len(code) != 2 * HALF:
        return False
    fresh = RecoveryCode.objects.filter(factor=factor, code_hash__in=_hashes(factor, code), used_at=None)
    return bool(fresh.update(used_at=wall))


def _hashes(factor: SecondFactor, code: str) -> tuple[str, ...]:
    return fingerprints("tradepost.recovery", f"{factor.pk} {code}")


def _warn(user: User, now: datetime, wall: datetime) -> None:
    with transaction.atomic():
        many = throttling.window(f"wrong codes of {user.pk}", most=WARNED_AFTER - 1, length=DAY, now=wall)
        if many and not throttling.window(f"warned of wrong codes {user.pk}", most=1, length=DAY, now=wall):
            outbox.publish(SecondStepGuessed(user=user.pk, at=wall), now=now)


def _plain(text: str) -> str:
    return "".join(text[:LONGEST].split()).replace("-", "").upper()


def _may_try(what: str, wall: datetime) -> None:
    if wait := throttling.guess(what, now=wall):
        raise TooOften(wait)


def _may_try_from_new_origins(user: User, tries: str, now: datetime, wall: datetime) -> None:
    all_new = f"{_tries(user)} from new origins"
    if wait := throttling.window(all_new, most=CODES_FROM_NEW_ORIGINS, length=DAY, now=wall):
        throttling.take_back(tries, now=wall)
        _warn(user, now, wall)
        raise TooOften(wait, everywhere=True)


def _tries(user: User) -> str:
    return f"second step of {user.pk}"


def _wrong(words: str) -> Refused:
    return Refused("second_step.wrong", words, HTTPStatus.UNPROCESSABLE_ENTITY, field="code")


def _tell(user: User, what: str, now: datetime, wall: datetime) -> None:
    outbox.publish(SignInChanged(user=user.pk, what=what, at=wall), now=now)
