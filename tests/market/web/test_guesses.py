"""Issue 25, item 9: one limit for guesses at an account across networks, and a way in for its owner meanwhile."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from tests import factories
from tests.factories.people import PASSWORD
from tests.factories.second_step import App, turn_on
from tradepost.market.base import clock
from tradepost.market.base.models import Event
from tradepost.market.base.secrets import unseal
from tradepost.market.identity import second_factor
from tradepost.market.identity.events import PasswordGuessed, SecondStepGuessed
from tradepost.market.identity.models import User
from tradepost.market.identity.second_factor import CODES_FROM_NEW_ORIGINS
from tradepost.market.identity.sign_in_guesses import FREE_FROM_NEW_ORIGINS, NETWORK_STAYS_KNOWN
from tradepost.market.notifications import sign_in_reactions
from tradepost.market.notifications.models import Notice, NoticeDelivery
from tradepost.market.web.known_browsers import COOKIE

pytestmark = pytest.mark.django_db
OWNER, NOBODY = "known@lantian.example", "other@lantian.example"
HOME, ELSEWHERE = "198.51.100.7", "198.51.100.200"
LOGIN, STEP = "/account/login/", "/account/login/code/"
AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def owner(monkeypatch: pytest.MonkeyPatch) -> User:
    at(AT, monkeypatch)
    return factories.make_buyer(email=OWNER, balance="0")


def at(moment: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "wall", lambda: moment)


def browser(address: str) -> Client:
    return Client(headers={"accept-language": "en"}, REMOTE_ADDR=address)


def log_in(client: Client, password: str, email: str = OWNER) -> Any:
    return client.post(LOGIN, {"login": email, "password": password})


def spread(count: int, email: str = OWNER) -> list[bool]:
    """One wrong password from each of so many networks; which were held up."""
    pages = [log_in(browser(f"203.0.113.{n}"), f"wrong {n} wrong", email).content.decode() for n in range(1, count + 1)]
    return ["Too many wrong passwords" in page for page in pages]


def test_guesses_from_many_networks_have_one_limit() -> None:
    """Each network had five tries of its own: 200 addresses made 1,000 guesses at once."""
    free = FREE_FROM_NEW_ORIGINS + 1
    assert spread(60) == [False] * free + [True] * (60 - free)


@pytest.mark.slow
def test_the_delay_grows_to_a_quarter_of_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    passed, moment = 0, AT
    for number in range(24 * 60):
        at(moment := moment + timedelta(minutes=1), monkeypatch)
        client = browser(f"10.{number // 250}.{number % 250}.1")
        passed += "Too many" not in log_in(client, f"wrong {number} wrong").content.decode()
    assert passed < 130, "a day of guesses, one a minute from a network of its own each"


def test_the_owner_signs_in_meanwhile_from_a_known_browser_and_from_a_known_network() -> None:
    known = browser(HOME)
    assert log_in(known, PASSWORD).status_code == 302
    known.post("/account/logout/")
    spread(40)
    assert log_in(browser(HOME), PASSWORD).status_code == 302, "another browser at home"
    known.defaults["REMOTE_ADDR"] = ELSEWHERE
    assert log_in(known, PASSWORD).status_code == 302, "the same browser on a journey"
    held = log_in(browser("198.51.100.201"), PASSWORD)
    assert held.status_code == 200
    assert "use a browser in which you signed in before" in held.content.decode()


def test_a_known_network_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    log_in(browser(HOME), PASSWORD)
    at(AT + NETWORK_STAYS_KNOWN + timedelta(seconds=1), monkeypatch)
    spread(40)
    assert log_in(browser(HOME), PASSWORD).status_code == 200


def test_the_cookie_of_another_account_or_of_another_market_makes_nothing_known() -> None:
    other = factories.make_buyer(email="third@lantian.example", balance="0")
    client = browser(ELSEWHERE)
    assert log_in(client, PASSWORD, other.email).status_code == 302
    client.post("/account/logout/")
    spread(40)
    client.defaults["REMOTE_ADDR"] = "198.51.100.202"
    assert log_in(client, PASSWORD).status_code == 200
    client.cookies[COOKIE] = "gAAAA" + client.cookies[COOKIE].value[5:-4] + "AAAA"
    assert log_in(client, PASSWORD).status_code == 200


def test_wrong_passwords_in_a_known_browser_are_limited_too() -> None:
    known = browser(HOME)
    log_in(known, PASSWORD)
    known.post("/account/logout/")
    held = ["Too many" in log_in(known, f"wrong {n} wrong").content.decode() for n in range(7)]
    assert held == [False] * 5 + [True] * 2


def test_the_owner_is_told_once_a_day_and_gets_in_by_the_link_of_the_mail(owner: User) -> None:
    spread(40)
    spread(40)
    event = Event.objects.get(name="password_guessed")
    sign_in_reactions.on_password_guessed(event_of(event), clock.now())
    [notice] = Notice.objects.filter(user=owner, kind="password_guessed")
    client = browser(ELSEWHERE)
    assert "Confirm this browser" in client.get(notice.link).content.decode()
    assert log_in(client, PASSWORD).status_code == 200, "a GET changes nothing"
    assert client.post(notice.link).status_code == 302
    assert log_in(client, PASSWORD).status_code == 302
    assert client.get("/orders/").status_code == 200


def event_of(row: Event) -> PasswordGuessed:
    return PasswordGuessed(user=row.facts["user"], at=datetime.fromisoformat(row.facts["at"]))


def test_a_link_that_somebody_wrote_or_an_old_one_is_no_page(owner: User) -> None:
    assert browser(ELSEWHERE).get("/account/this-browser/1:abc:def/").status_code == 404
    assert browser(ELSEWHERE).post(f"/account/this-browser/{owner.pk}/").status_code == 404


def test_no_answer_tells_whether_there_is_an_account() -> None:
    """The same pages, and the same event, which mails nobody without an account."""

    def seen(email: str) -> list[str]:
        pages = [log_in(browser(f"203.0.113.{n}"), f"wrong {n} wrong", email) for n in range(1, 20)]
        same = r'[\w.]+@lantian\.example|csrfmiddlewaretoken" value="\w+"|<time.*?</time>'
        return [f"{one.status_code} {re.sub(same, '', one.content.decode(), flags=re.DOTALL)}" for one in pages]

    assert seen(OWNER) == seen(NOBODY)
    assert Event.objects.filter(name="password_guessed").count() == 2
    sign_in_reactions.on_password_guessed(event_of(Event.objects.order_by("-pk")[0]), clock.now())
    assert not Notice.objects.exists()


def test_who_sets_a_new_password_by_mail_is_in_while_others_guess(owner: User) -> None:
    spread(40)
    client = browser(ELSEWHERE)
    client.post("/account/password/reset/", {"email": OWNER})
    mail = NoticeDelivery.objects.latest("pk")
    page = client.get(unseal(mail.sealed_link), follow=True).redirect_chain[-1][0]
    assert client.post(page, {"password1": "another long one", "password2": "another long one"}).status_code == 302
    assert client.get("/orders/").status_code == 200
    spread(40)
    client.post("/account/logout/")
    client.defaults["REMOTE_ADDR"] = "198.51.100.203"
    assert log_in(client, "another long one").status_code == 302, "its browser is known now"


# --- the second step ----------------------------------------------------------------------------------------------------


@pytest.fixture
def app(owner: User) -> App:
    return turn_on(owner)


def at_the_code(address: str) -> Client:
    client = browser(address)
    assert log_in(client, PASSWORD)["Location"] == STEP
    return client


def wrong_codes(networks: int, each: int = 4) -> int:
    """How many wrong codes of an attacker who knows the password were judged."""
    judged = 0
    for number in range(1, networks + 1):
        client = at_the_code(f"203.0.113.{number}")
        for _ in range(each):
            judged += client.post(STEP, {"code": "000000"}).status_code == 422
    return judged


def test_who_knows_the_password_locks_out_himself_and_not_the_owner(owner: User, app: App) -> None:
    """Wrong codes were counted by account alone: five of them held up the owner's own recovery code, too."""
    known = at_the_code(HOME)
    assert known.post(STEP, {"code": app.code(clock.wall())}).status_code == 302
    known.post("/account/logout/")
    attacker = at_the_code("203.0.113.99")
    held = [attacker.post(STEP, {"code": "000000"}).status_code for _ in range(8)]
    assert held == [422] * 5 + [429] * 3
    known.defaults["REMOTE_ADDR"] = ELSEWHERE
    assert log_in(known, PASSWORD)["Location"] == STEP
    assert known.post(STEP, {"code": app.codes[0]}).status_code == 302
    assert known.get("/orders/").status_code == 200


@pytest.mark.slow
def test_wrong_codes_from_all_new_networks_have_a_total_and_the_owner_still_gets_in(owner: User, app: App) -> None:
    known = at_the_code(HOME)
    known.post(STEP, {"code": app.code(clock.wall())})
    used = 1
    assert wrong_codes(20) == CODES_FROM_NEW_ORIGINS - used
    stranger = at_the_code("198.51.100.204")
    refused = stranger.post(STEP, {"code": app.codes[1]})
    assert refused.status_code == 429
    assert "the link in the mail" in refused.content.decode()
    elsewhere_at_home = at_the_code(HOME)
    assert elsewhere_at_home.post(STEP, {"code": app.codes[2]}).status_code == 302
    assert Event.objects.filter(name="second_step_guessed").count() == 1


@pytest.mark.slow
def test_the_link_of_the_mail_lets_the_owner_take_the_second_step(owner: User, app: App) -> None:
    wrong_codes(20)
    sign_in_reactions.on_second_step_guessed(SecondStepGuessed(user=owner.pk, at=clock.wall()), clock.now())
    client = browser("198.51.100.205")
    client.post(Notice.objects.get(kind="second_step_guessed").link)
    assert log_in(client, PASSWORD)["Location"] == STEP
    assert client.post(STEP, {"code": app.codes[0]}).status_code == 302
    assert second_factor.is_on(owner)
    assert client.get("/orders/").status_code == 200


def test_the_password_alone_makes_no_browser_and_no_network_known(app: App) -> None:
    client = at_the_code("203.0.113.50")
    assert COOKIE not in client.cookies
    spread(40)
    assert log_in(browser("203.0.113.50"), PASSWORD).status_code == 200
