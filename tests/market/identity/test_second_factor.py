"""Two-step sign-in of an account: on, proved, off; each code once; tries counted; nothing changed by what is refused."""

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
from tradepost.market.identity import second_factor, throttling, totp
from tradepost.market.identity.models import RecoveryCode, SecondFactor, User
from tradepost.market.identity.second_factor import Method
from tradepost.market.identity.sign_in_guesses import Origin

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 1, 8, 0, 10, tzinfo=UTC)
"""Real time."""


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


HERE = Origin("network 192.0.2.1", known=False)


@pytest.fixture
def user() -> User:
    return make_buyer(balance="0")


@pytest.fixture
def app(user: User) -> App:
    return turn_on(user, wall=AT)


def prove(user: User, code: str, at: datetime = AT) -> Method:
    return second_factor.prove(user, code, origin=HERE, now=NOW, wall=at)


def changes() -> list[str]:
    return [one.facts["what"] for one in Event.objects.filter(name="sign_in_changed").order_by("pk")]


def test_it_is_on_only_after_a_code_of_the_app(user: User) -> None:
    begun = second_factor.draft(user, wall=AT)
    before = user.get_session_auth_hash()
    with pytest.raises(Refused, match="not the code"):
        second_factor.turn_on(user, begun, "000000", now=NOW, wall=AT)
    assert (is_on(user), changes(), user.get_session_auth_hash()) == (False, [], before)
    codes = second_factor.turn_on(user, begun, totp.code_at(begun.secret, totp.step_of(AT)), now=NOW, wall=AT)
    assert (len(codes), len(set(codes)), changes()) == (10, 10, ["on"])
    assert user.get_session_auth_hash() != before, "every session of before is over"
    with pytest.raises(Refused, match="on for this account already"):
        second_factor.turn_on(user, begun, totp.code_at(begun.secret, totp.step_of(AT)), now=NOW, wall=AT)


def test_the_database_shows_neither_secret_nor_codes(user: User, app: App) -> None:
    kept = f"{list(SecondFactor.objects.values())} {list(RecoveryCode.objects.values())} {list(Event.objects.values())}"
    assert app.secret not in kept
    assert not [code for code in app.codes if code in kept or code.replace("-", "") in kept]
    assert unseal(SecondFactor.objects.get().sealed) == app.secret


def test_a_draft_is_its_accounts_own_and_gets_old(user: User) -> None:
    begun = second_factor.draft(user, wall=AT)
    assert second_factor.reopen(user, begun.sealed, wall=AT + timedelta(minutes=29)) == begun
    assert second_factor.reopen(user, begun.sealed, wall=AT + timedelta(minutes=31)) is None
    assert second_factor.reopen(make_buyer(balance="0"), begun.sealed, wall=AT) is None
    assert second_factor.reopen(user, "gAAAA", wall=AT) is None


def test_the_code_that_turned_it_on_opens_nothing_more(user: User) -> None:
    begun = second_factor.draft(user, wall=AT)
    code = totp.code_at(begun.secret, totp.step_of(AT))
    second_factor.turn_on(user, begun, code, now=NOW, wall=AT)
    with pytest.raises(Refused, match="used already"):
        prove(user, code)


def test_each_code_of_the_app_is_good_once(user: User, app: App) -> None:
    """RFC 6238 §5.2; one that is typed with a blank in it is the same."""
    code = app.code(AT)
    assert prove(user, f" {code[:3]} {code[3:]} ") == Method.APP
    with pytest.raises(Refused, match="used already"):
        prove(user, code)
    earlier = app.code(AT - timedelta(seconds=30))
    with pytest.raises(Refused, match="used already"):
        prove(user, earlier)
    assert prove(user, app.code(AT + timedelta(seconds=30))) == Method.APP


def test_each_recovery_code_is_good_once_however_it_is_typed(user: User, app: App) -> None:
    assert prove(user, app.codes[0].lower().replace("-", " ")) == Method.RECOVERY
    with pytest.raises(Refused):
        prove(user, app.codes[0])
    assert prove(user, app.codes[1]) == Method.RECOVERY
    state = second_factor.state(user)
    assert state is not None
    assert state.codes_left == 8


def test_new_recovery_codes_end_the_earlier_ones(user: User, app: App) -> None:
    fresh = second_factor.new_codes(user, now=NOW, wall=AT)
    assert (len(fresh), changes()) == (10, ["on", "codes"])
    with pytest.raises(Refused):
        prove(user, app.codes[0])
    assert prove(user, fresh[0]) == Method.RECOVERY


def test_codes_of_another_account_open_nothing(user: User, app: App) -> None:
    other = make_buyer(balance="0")
    others = turn_on(other, wall=AT)
    for code in (app.codes[0], app.code(AT)):
        with pytest.raises(Refused):
            prove(other, code)
    assert prove(other, others.codes[0]) == Method.RECOVERY
    assert prove(user, app.codes[0]) == Method.RECOVERY


def test_wrong_codes_are_held_up_and_the_right_one_waits_too(user: User, app: App) -> None:
    """By account, wherever from: whoever guesses knows the password already. A right one forgives."""
    for _ in range(throttling.FREE + 1):
        with pytest.raises(Refused, match="wrong"):
            prove(user, "000000")
    with pytest.raises(second_factor.TooOften, match="Try again in 2 seconds"):
        prove(user, app.codes[0])
    other = make_buyer(balance="0")
    assert prove(other, turn_on(other, wall=AT).codes[0]) == Method.RECOVERY
    assert prove(user, app.codes[0], AT + timedelta(seconds=2)) == Method.RECOVERY
    with pytest.raises(Refused, match="wrong"):
        prove(user, "000000")


def test_a_right_password_forgives_no_wrong_code(user: User, app: App) -> None:
    for _ in range(throttling.FREE + 1):
        second_factor.check_password(user, "correct horse battery", wall=AT)
        with pytest.raises(Refused, match="wrong"):
            prove(user, "000000")
    with pytest.raises(second_factor.TooOften):
        prove(user, "000000")


def test_a_hundred_wrong_codes_take_a_day(user: User, app: App) -> None:
    """So that a code of six digits, of which three are good at a time, is found once in nine years."""
    at, tried = AT, 0
    while at < AT + timedelta(days=1):
        try:
            prove(user, "000000", at)
        except second_factor.TooOften as refused:
            at += timedelta(seconds=refused.wait)
        except Refused:
            tried += 1
    assert tried < 110


def test_the_owner_is_warned_of_many_wrong_codes_once_a_day(user: User, app: App) -> None:
    def warnings() -> int:
        return Event.objects.filter(name="second_step_guessed").count()

    at = AT
    for number in range(2 * second_factor.WARNED_AFTER):
        with pytest.raises(Refused, match="wrong"):
            prove(user, "000000", at)
        assert warnings() == (number + 1 >= second_factor.WARNED_AFTER)
        at += throttling.LONGEST
    at += second_factor.DAY
    for _ in range(second_factor.WARNED_AFTER):
        with pytest.raises(Refused, match="wrong"):
            prove(user, "000000", at)
        at += throttling.LONGEST
    assert warnings() == 2


def test_off_and_reset_end_all_sessions_and_leave_nothing(user: User, app: App) -> None:
    before = user.get_session_auth_hash()
    second_factor.turn_off(user, now=NOW, wall=AT)
    assert (is_on(user), RecoveryCode.objects.count(), changes()) == (False, 0, ["on", "off"])
    assert user.get_session_auth_hash() != before
    turn_on(user, wall=AT)
    second_factor.reset(user, now=NOW, wall=AT)
    assert (is_on(user), changes()) == (False, ["on", "off", "on", "reset"])
    with pytest.raises(Refused, match="nothing was changed"):
        second_factor.reset(user, now=NOW, wall=AT)
    with pytest.raises(Refused, match="is off"):
        prove(user, app.codes[0])
    with pytest.raises(Refused, match="is off"):
        second_factor.new_codes(user, now=NOW, wall=AT)


def test_an_update_logs_nobody_out(user: User) -> None:
    """Sessions of before hold Django's own hash; so do new ones, until all were ended once."""
    assert user.get_session_auth_hash() == AbstractBaseUser._get_session_auth_hash(user)  # type: ignore[attr-defined]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("recovery", [False, True])
def test_of_two_who_send_one_code_at_the_same_moment_one_gets_in(*, recovery: bool) -> None:
    user = make_buyer(balance="0")
    app = turn_on(user, wall=AT)
    code = app.codes[0] if recovery else app.code(AT)
    assert sorted(at_once([lambda: prove(user, code)] * 2)) == ["done", "second_step.wrong"]
