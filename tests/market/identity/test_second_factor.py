"""Two-step sign-in of an account: turned on, verified, turned off; each code works once; attempts are limited; a refusal changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.utils import translation

from tests.factories import NOW, make_buyer
from tests.factories.second_step import App, is_on, turn_on
from tests.market.at_once import at_once
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event
from tradepost.market.base.secrets import unseal
from tradepost.market.identity import limits, second_factor, totp
from tradepost.market.identity.models import RecoveryCode, SecondFactor, User
from tradepost.market.identity.second_factor import Method
from tradepost.market.identity.sign_in_guesses import Origin

WARNING_ATTEMPT = limits.WRONG_CODES.most + 1

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 1, 8, 0, 10, tzinfo=UTC)
"""Real time."""


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


ORIGIN = Origin("network 192.0.2.1", known=False)


@pytest.fixture
def user() -> User:
    return make_buyer(balance="0")


@pytest.fixture
def app(user: User) -> App:
    return turn_on(user, wall=AT)


def prove(user: User, code: str, at: datetime = AT) -> Method:
    return second_factor.verify_code(user, code, origin=ORIGIN, now=NOW, wall=at)


def recorded_changes() -> list[str]:
    return [event.facts["what"] for event in Event.objects.filter(name="sign_in_changed").order_by("pk")]


def test_it_is_turned_on_only_with_a_code_of_the_app(user: User) -> None:
    draft = second_factor.draft(user, wall=AT)
    before = user.get_session_auth_hash()
    with pytest.raises(Refused, match="not the code"):
        second_factor.turn_on(user, draft, "000000", now=NOW, wall=AT)
    assert (is_on(user), recorded_changes(), user.get_session_auth_hash()) == (False, [], before)
    codes = second_factor.turn_on(user, draft, totp.code_at(draft.secret, totp.step_of(AT)), now=NOW, wall=AT)
    assert (len(codes), len(set(codes)), recorded_changes()) == (10, 10, ["on"])
    assert user.get_session_auth_hash() != before, "all earlier sessions end"
    with pytest.raises(Refused, match="on for this account already"):
        second_factor.turn_on(user, draft, totp.code_at(draft.secret, totp.step_of(AT)), now=NOW, wall=AT)


def test_database_stores_neither_the_secret_nor_the_codes_in_plain_text(user: User, app: App) -> None:
    stored = (
        f"{list(SecondFactor.objects.values())} {list(RecoveryCode.objects.values())} {list(Event.objects.values())}"
    )
    assert app.secret not in stored
    assert not [code for code in app.codes if code in stored or code.replace("-", "") in stored]
    assert unseal(SecondFactor.objects.get().sealed) == app.secret


def test_draft_belongs_to_its_account_and_expires(user: User) -> None:
    draft = second_factor.draft(user, wall=AT)
    assert second_factor.reopen(user, draft.sealed, wall=AT + timedelta(minutes=29)) == draft
    assert second_factor.reopen(user, draft.sealed, wall=AT + timedelta(minutes=31)) is None
    assert second_factor.reopen(make_buyer(balance="0"), draft.sealed, wall=AT) is None
    assert second_factor.reopen(user, "gAAAA", wall=AT) is None


def test_code_that_turned_it_on_cannot_be_reused(user: User) -> None:
    draft = second_factor.draft(user, wall=AT)
    code = totp.code_at(draft.secret, totp.step_of(AT))
    second_factor.turn_on(user, draft, code, now=NOW, wall=AT)
    with pytest.raises(Refused, match="used already"):
        prove(user, code)


def test_each_code_of_the_app_works_once(user: User, app: App) -> None:
    """RFC 6238 §5.2. A code typed with a blank is the same code."""
    code = app.code(AT)
    assert prove(user, f" {code[:3]} {code[3:]} ") == Method.APP
    with pytest.raises(Refused, match="used already"):
        prove(user, code)
    earlier = app.code(AT - timedelta(seconds=30))
    with pytest.raises(Refused, match="used already"):
        prove(user, earlier)
    assert prove(user, app.code(AT + timedelta(seconds=30))) == Method.APP


def test_each_recovery_code_works_once_in_any_spelling(user: User, app: App) -> None:
    assert prove(user, app.codes[0].lower().replace("-", " ")) == Method.RECOVERY
    with pytest.raises(Refused):
        prove(user, app.codes[0])
    assert prove(user, app.codes[1]) == Method.RECOVERY
    state = second_factor.state(user)
    assert state is not None
    assert state.codes_left == 8


def test_new_recovery_codes_replace_the_earlier_ones(user: User, app: App) -> None:
    new_codes = second_factor.new_codes(user, now=NOW, wall=AT)
    assert (len(new_codes), recorded_changes()) == (10, ["on", "codes"])
    with pytest.raises(Refused):
        prove(user, app.codes[0])
    assert prove(user, new_codes[0]) == Method.RECOVERY


def test_codes_of_another_account_are_refused(user: User, app: App) -> None:
    other = make_buyer(balance="0")
    other_app = turn_on(other, wall=AT)
    for code in (app.codes[0], app.code(AT)):
        with pytest.raises(Refused):
            prove(other, code)
    assert prove(other, other_app.codes[0]) == Method.RECOVERY
    assert prove(user, app.codes[0]) == Method.RECOVERY


def test_wrong_codes_delay_the_next_attempt_even_with_a_right_code(user: User, app: App) -> None:
    """The delay counts per account and from any network: the attacker already knows the password. A right code resets it."""
    for _ in range(limits.CODE.free + 1):
        with pytest.raises(Refused, match="wrong"):
            prove(user, "000000")
    with pytest.raises(second_factor.TooManyCodes, match="Try again in 2 seconds"):
        prove(user, app.codes[0])
    other = make_buyer(balance="0")
    assert prove(other, turn_on(other, wall=AT).codes[0]) == Method.RECOVERY
    assert prove(user, app.codes[0], AT + timedelta(seconds=2)) == Method.RECOVERY
    with pytest.raises(Refused, match="wrong"):
        prove(user, "000000")


def test_right_password_does_not_reset_the_delay(user: User, app: App) -> None:
    for _ in range(limits.CODE.free + 1):
        second_factor.check_password(user, "correct horse battery", wall=AT)
        with pytest.raises(Refused, match="wrong"):
            prove(user, "000000")
    with pytest.raises(second_factor.TooManyCodes):
        prove(user, "000000")


def test_a_hundred_wrong_codes_take_a_day(user: User, app: App) -> None:
    """At this rate an attacker needs nine years on average to guess a six-digit code, of which three are valid at a time."""
    at, attempts = AT, 0
    while at < AT + timedelta(days=1):
        try:
            prove(user, "000000", at)
        except second_factor.TooManyCodes as delay:
            at += timedelta(seconds=delay.wait)
        except Refused:
            attempts += 1
    assert attempts < 110


def test_owner_is_warned_once_a_day_of_many_wrong_codes(user: User, app: App) -> None:
    def warnings() -> int:
        return Event.objects.filter(name="second_step_guessed").count()

    at = AT
    for number in range(2 * WARNING_ATTEMPT):
        with pytest.raises(Refused, match="wrong"):
            prove(user, "000000", at)
        assert warnings() == (number + 1 >= WARNING_ATTEMPT)
        at += limits.CODE.longest
    at += timedelta(days=1)
    for _ in range(WARNING_ATTEMPT):
        with pytest.raises(Refused, match="wrong"):
            prove(user, "000000", at)
        at += limits.CODE.longest
    assert warnings() == 2


def test_turning_off_and_reset_end_all_sessions_and_delete_the_codes(user: User, app: App) -> None:
    before = user.get_session_auth_hash()
    second_factor.turn_off(user, now=NOW, wall=AT)
    assert (is_on(user), RecoveryCode.objects.count(), recorded_changes()) == (False, 0, ["on", "off"])
    assert user.get_session_auth_hash() != before
    turn_on(user, wall=AT)
    second_factor.reset(user, now=NOW, wall=AT)
    assert (is_on(user), recorded_changes()) == (False, ["on", "off", "on", "reset"])
    with pytest.raises(Refused, match="nothing was changed"):
        second_factor.reset(user, now=NOW, wall=AT)
    with pytest.raises(Refused, match="is off"):
        prove(user, app.codes[0])
    with pytest.raises(Refused, match="is off"):
        second_factor.new_codes(user, now=NOW, wall=AT)


def test_update_keeps_existing_sessions(user: User) -> None:
    """Earlier sessions hold Django's own hash; new sessions hold it too until the first event that ends all sessions."""
    assert user.get_session_auth_hash() == AbstractBaseUser._get_session_auth_hash(user)  # type: ignore[attr-defined]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("recovery", [False, True])
def test_concurrent_uses_of_a_code_succeed_once(*, recovery: bool) -> None:
    user = make_buyer(balance="0")
    app = turn_on(user, wall=AT)
    code = app.codes[0] if recovery else app.code(AT)
    assert sorted(at_once([lambda: prove(user, code)] * 2)) == ["done", "second_step.wrong"]
