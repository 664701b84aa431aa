"""Issue 25, item 9: one limit per enterprise across names, while members with the right password still sign in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from tests.factories import organisations
from tests.factories.people import PASSWORD
from tests.factories.second_step import turn_on
from tests.factories.signing_in import Joint, make_joint
from tradepost.market.base import clock
from tradepost.market.base.models import Event
from tradepost.market.identity import limits, sign_in_guesses
from tradepost.market.notifications import enterprise_reactions
from tradepost.market.notifications.models import Notice
from tradepost.market.organisations.events import MemberPasswordsGuessed

pytestmark = pytest.mark.django_db
OFFICE, ELSEWHERE = "198.51.100.7", "198.51.100.200"
AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _at(monkeypatch: pytest.MonkeyPatch) -> None:
    at(AT, monkeypatch)


def at(moment: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "wall", lambda: moment)


@pytest.fixture
def joint() -> Joint:
    return make_joint()


def sign_in(joint: Joint, name: str, password: str, address: str, browser: Browser | None = None) -> Any:
    browser = browser or Browser(headers={"accept-language": "en"}, REMOTE_ADDR=address)
    browser.defaults["REMOTE_ADDR"] = address
    return browser.post(f"{joint.home}sign-in/", {"name": name, "password": password})


def spray(joint: Joint, count: int, network: str = "") -> int:
    """Try one password with many names, each from its own network or all from ``network``; return the number of checks."""
    statuses = [sign_in(joint, f"user{n}", "Summer2026!", network or f"10.0.0.{n}").status_code for n in range(count)]
    assert set(statuses) <= {422, 429}
    return statuses.count(422)


@pytest.mark.slow
@pytest.mark.parametrize("network", ["", "203.0.113.5"])
def test_one_password_is_limited_across_names(joint: Joint, network: str) -> None:
    """Formerly 60 names passed in 13 seconds, because each name and network had its own lock."""
    assert spray(joint, 60, network) == limits.NAMES_FROM_NEW_NETWORKS.most


@pytest.mark.slow
def test_limit_resets_after_the_window(joint: Joint, monkeypatch: pytest.MonkeyPatch) -> None:
    spray(joint, 30)
    at(AT + timedelta(minutes=10), monkeypatch)
    assert spray(joint, 60) == limits.NAMES_FROM_NEW_NETWORKS.most


@pytest.mark.slow
def test_other_enterprises_are_unaffected(joint: Joint) -> None:
    other_joint = make_joint()
    spray(joint, 30)
    assert sign_in(other_joint, "zhang01", PASSWORD, ELSEWHERE).status_code == 302


@pytest.mark.slow
def test_members_sign_in_during_an_attack_from_known_browsers_and_the_office(joint: Joint) -> None:
    known_browser = Browser(headers={"accept-language": "en"})
    assert sign_in(joint, "zhang01", PASSWORD, OFFICE, known_browser).status_code == 302
    colleague = organisations.make_managed(joint.admin, "li02")
    spray(joint, 60)
    blocked = sign_in(joint, "zhang01", PASSWORD, "198.51.100.201")
    assert blocked.status_code == 429
    assert "a browser or a network in which you signed in before" in blocked.content.decode()
    assert sign_in(joint, "zhang01", PASSWORD, ELSEWHERE, known_browser).status_code == 302
    new_here = sign_in(joint, "li02", colleague.password, OFFICE)
    assert new_here.status_code == 302, "a colleague's first sign-in, in a network of the enterprise"


@pytest.mark.slow
def test_many_names_from_the_office_are_limited_too(joint: Joint) -> None:
    sign_in(joint, "zhang01", PASSWORD, OFFICE)
    assert spray(joint, 90, OFFICE) == limits.NAMES_FROM_A_NETWORK.most


@pytest.mark.slow
def test_right_passwords_do_not_count(joint: Joint) -> None:
    for number in range(limits.NAMES_FROM_NEW_NETWORKS.most + 5):
        assert sign_in(joint, "zhang01", PASSWORD, f"10.9.0.{number}").status_code == 302


@pytest.mark.slow
def test_name_from_many_networks_has_one_limit(joint: Joint, monkeypatch: pytest.MonkeyPatch) -> None:
    judged = 0
    for number in range(60):
        at(AT + number * timedelta(minutes=10) / 10, monkeypatch)  # slow enough for the limit of the enterprise
        judged += sign_in(joint, "zhang01", f"wrong {number}", f"10.1.0.{number}").status_code == 422
    assert judged < 60
    assert sign_in(joint, "zhang01", PASSWORD, ELSEWHERE).status_code == 429


def guess_slowly(joint: Joint, names: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """Try wrong passwords with these names in turn, each from its own network; return the number of checks."""
    judged = 0
    for number in range(30):
        at(AT + number * timedelta(minutes=10) / 10, monkeypatch)  # slow enough for the limit of the enterprise
        judged += sign_in(joint, names[number % len(names)], f"wrong {number}", f"10.3.0.{number}").status_code == 422
    return judged


@pytest.mark.slow
def test_spellings_of_a_name_share_one_limit(joint: Joint, monkeypatch: pytest.MonkeyPatch) -> None:
    single_spelling = guess_slowly(make_joint(), ["zhang01"], monkeypatch)
    spelled = ["zhang01", " ZHANG01 ", f"zhang01@{joint.enterprise.code}", f"Zhang01@{joint.enterprise.code.upper()}"]
    assert guess_slowly(joint, spelled, monkeypatch) == single_spelling


def test_account_has_one_limit_here_and_at_the_market(joint: Joint) -> None:
    """The administrator signs in with a market account at both."""
    email = joint.admin.user.email
    elsewhere = sign_in_guesses.Origin("network 192.0.2.1", known=False)
    while not sign_in_guesses.begin_attempt(email, elsewhere, account=joint.admin.user_id, now=clock.now(), wall=AT):
        elsewhere = sign_in_guesses.Origin(f"{elsewhere.name}1", known=False)
    assert sign_in(joint, email.upper(), PASSWORD, ELSEWHERE).status_code == 429


def test_first_sign_in_from_the_office_succeeds_during_an_attack(joint: Joint, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decision 0082: members without an email sign in from a network of their enterprise; administrators are notified."""
    sign_in(joint, "zhang01", PASSWORD, OFFICE)
    colleague = organisations.make_managed(joint.admin, "li02")
    guess_slowly(joint, ["li02"], monkeypatch)
    assert sign_in(joint, "li02", colleague.password, ELSEWHERE).status_code == 429
    assert sign_in(joint, "li02", colleague.password, OFFICE).status_code == 302
    assert Event.objects.filter(name="member_passwords_guessed").count() == 1


@pytest.mark.slow
def test_unknown_name_is_delayed_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    def delays(name: str) -> list[int]:
        joint, statuses = make_joint(), []
        for number in range(40):
            at(AT + timedelta(minutes=5 * number), monkeypatch)
            statuses.append(sign_in(joint, name, "wrong", f"10.2.0.{number}").status_code)
        return statuses

    assert delays("zhang01") == delays("nobody")


@pytest.mark.slow
def test_administrators_are_notified_once_a_day(joint: Joint) -> None:
    spray(joint, 60)
    [event] = Event.objects.filter(name="member_passwords_guessed")
    for _ in range(2):
        enterprise_reactions.on_member_passwords_guessed(
            MemberPasswordsGuessed(enterprise=event.facts["enterprise"], at=AT), clock.now()
        )
    notice = Notice.objects.get(kind="enterprise_guessed")
    assert notice.user_id == joint.admin.user_id


def test_attacker_with_a_password_is_locked_out_alone_at_the_second_step(joint: Joint) -> None:
    app = turn_on(joint.member.user)
    known_browser = Browser(headers={"accept-language": "en"})
    step = sign_in(joint, "zhang01", PASSWORD, OFFICE, known_browser)["Location"]
    assert known_browser.post(step, {"code": app.codes[0]}).status_code == 302
    attacker = Browser(headers={"accept-language": "en"})
    sign_in(joint, "zhang01", PASSWORD, "203.0.113.9", attacker)
    statuses = [attacker.post(step, {"code": "000000"}).status_code for _ in range(8)]
    assert statuses == [422] * 5 + [429] * 3
    sign_in(joint, "zhang01", PASSWORD, ELSEWHERE, known_browser)
    assert known_browser.post(step, {"code": app.codes[1]}).status_code == 302
    assert known_browser.get(joint.home).status_code == 200
