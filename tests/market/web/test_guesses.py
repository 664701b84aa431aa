"""Issue 25, item 9: one limit for guesses at an account across networks, and a way for its owner to sign in meanwhile."""

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
from tradepost.market.identity import limits, second_factor
from tradepost.market.identity.events import PasswordGuessed, SecondStepGuessed
from tradepost.market.identity.models import User
from tradepost.market.identity.sign_in_guesses import NETWORK_MEMORY
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
    move_clock(AT, monkeypatch)
    return factories.make_buyer(email=OWNER, balance="0")


def move_clock(moment: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "wall", lambda: moment)


def browser(address: str) -> Client:
    return Client(headers={"accept-language": "en"}, REMOTE_ADDR=address)


def log_in(client: Client, password: str, email: str = OWNER) -> Any:
    return client.post(LOGIN, {"login": email, "password": password})


def guess_from_many_networks(count: int, email: str = OWNER) -> list[bool]:
    """Enter one wrong password from each of ``number`` networks. Return which were delayed."""
    pages = [log_in(browser(f"203.0.113.{n}"), f"wrong {n} wrong", email).content.decode() for n in range(1, count + 1)]
    return ["Too many wrong passwords" in page for page in pages]


@pytest.mark.slow
def test_guesses_from_many_networks_share_one_limit() -> None:
    """Each network had five tries of its own, so 200 addresses could make 1,000 guesses at once."""
    free = limits.PASSWORD_FROM_NEW_ORIGINS.free + 1
    assert guess_from_many_networks(60) == [False] * free + [True] * (60 - free)


@pytest.mark.slow
def test_delay_grows_to_a_quarter_of_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    passed, moment = 0, AT
    for number in range(24 * 60):
        move_clock(moment := moment + timedelta(minutes=1), monkeypatch)
        client = browser(f"10.{number // 250}.{number % 250}.1")
        passed += "Too many" not in log_in(client, f"wrong {number} wrong").content.decode()
    assert passed < 130, "a day of guesses, one a minute from a network of its own each"


@pytest.mark.slow
def test_owner_signs_in_from_a_known_browser_and_from_a_known_network() -> None:
    known_browser = browser(HOME)
    assert log_in(known_browser, PASSWORD).status_code == 302
    known_browser.post("/account/logout/")
    guess_from_many_networks(40)
    assert log_in(browser(HOME), PASSWORD).status_code == 302, "another browser at home"
    known_browser.defaults["REMOTE_ADDR"] = ELSEWHERE
    assert log_in(known_browser, PASSWORD).status_code == 302, "the same browser on a journey"
    delayed = log_in(browser("198.51.100.201"), PASSWORD)
    assert delayed.status_code == 422
    assert "use a browser in which you signed in before" in delayed.content.decode()


@pytest.mark.slow
def test_known_network_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    log_in(browser(HOME), PASSWORD)
    move_clock(AT + NETWORK_MEMORY + timedelta(seconds=1), monkeypatch)
    guess_from_many_networks(40)
    assert log_in(browser(HOME), PASSWORD).status_code == 422


@pytest.mark.slow
def test_cookie_of_another_account_or_market_is_not_trusted() -> None:
    other = factories.make_buyer(email="third@lantian.example", balance="0")
    client = browser(ELSEWHERE)
    assert log_in(client, PASSWORD, other.email).status_code == 302
    client.post("/account/logout/")
    guess_from_many_networks(40)
    client.defaults["REMOTE_ADDR"] = "198.51.100.202"
    assert log_in(client, PASSWORD).status_code == 422
    client.cookies[COOKIE] = "gAAAA" + client.cookies[COOKIE].value[5:-4] + "AAAA"
    assert log_in(client, PASSWORD).status_code == 422


def test_wrong_passwords_in_a_known_browser_are_limited_too() -> None:
    known_browser = browser(HOME)
    log_in(known_browser, PASSWORD)
    known_browser.post("/account/logout/")
    delayed = ["Too many" in log_in(known_browser, f"wrong {n} wrong").content.decode() for n in range(7)]
    assert delayed == [False] * 5 + [True] * 2


@pytest.mark.slow
def test_owner_is_notified_once_a_day_and_signs_in_by_the_link_of_the_mail(owner: User) -> None:
    guess_from_many_networks(40)
    guess_from_many_networks(40)
    event = Event.objects.get(name="password_guessed")
    sign_in_reactions.on_password_guessed(event_of(event), clock.now())
    [notice] = Notice.objects.filter(user=owner, kind="password_guessed")
    client = browser(ELSEWHERE)
    assert "Confirm this browser" in client.get(notice.link).content.decode()
    assert log_in(client, PASSWORD).status_code == 422, "a GET changes nothing"
    assert client.post(notice.link).status_code == 302
    assert log_in(client, PASSWORD).status_code == 302
    assert client.get("/orders/").status_code == 200


def event_of(row: Event) -> PasswordGuessed:
    return PasswordGuessed(user=row.facts["user"], at=datetime.fromisoformat(row.facts["at"]))


def test_forged_or_expired_link_is_no_page(owner: User) -> None:
    assert browser(ELSEWHERE).get("/account/this-browser/1:abc:def/").status_code == 404
    assert browser(ELSEWHERE).post(f"/account/this-browser/{owner.pk}/").status_code == 404


@pytest.mark.slow
def test_no_response_reveals_whether_an_account_exists() -> None:
    """The same pages and the same event, which sends no mail for an unknown address."""

    def seen(email: str) -> list[str]:
        pages = [log_in(browser(f"203.0.113.{n}"), f"wrong {n} wrong", email) for n in range(1, 20)]
        same = r'[\w.]+@lantian\.example|csrfmiddlewaretoken" value="\w+"|<time.*?</time>'
        return [f"{page.status_code} {re.sub(same, '', page.content.decode(), flags=re.DOTALL)}" for page in pages]

    assert seen(OWNER) == seen(NOBODY)
    assert Event.objects.filter(name="password_guessed").count() == 2
    sign_in_reactions.on_password_guessed(event_of(Event.objects.order_by("-pk")[0]), clock.now())
    assert not Notice.objects.exists()


@pytest.mark.slow
def test_person_who_sets_a_new_password_by_mail_is_signed_in_while_others_guess(owner: User) -> None:
    guess_from_many_networks(40)
    client = browser(ELSEWHERE)
    client.post("/account/password/reset/", {"email": OWNER})
    mail = NoticeDelivery.objects.latest("pk")
    page = client.get(unseal(mail.sealed_link), follow=True).redirect_chain[-1][0]
    assert client.post(page, {"password1": "another long one", "password2": "another long one"}).status_code == 302
    assert client.get("/orders/").status_code == 200
    guess_from_many_networks(40)
    client.post("/account/logout/")
    client.defaults["REMOTE_ADDR"] = "198.51.100.203"
    assert log_in(client, "another long one").status_code == 302, "its browser is known now"


# --- the second step ----------------------------------------------------------------------------------------------------


@pytest.fixture
def app(owner: User) -> App:
    return turn_on(owner)


def browser_at_the_code(address: str) -> Client:
    client = browser(address)
    assert log_in(client, PASSWORD)["Location"] == STEP
    return client


def wrong_codes(networks: int, per_network: int = 4) -> int:
    """Return how many wrong codes of an attacker who knows the password were checked."""
    judged = 0
    for number in range(1, networks + 1):
        client = browser_at_the_code(f"203.0.113.{number}")
        for _ in range(per_network):
            judged += client.post(STEP, {"code": "000000"}).status_code == 422
    return judged


def test_attacker_with_the_password_locks_out_only_himself(owner: User, app: App) -> None:
    """Wrong codes were counted by account only, so five of them also blocked the owner's recovery code."""
    known_browser = browser_at_the_code(HOME)
    assert known_browser.post(STEP, {"code": app.code(clock.wall())}).status_code == 302
    known_browser.post("/account/logout/")
    attacker = browser_at_the_code("203.0.113.99")
    statuses = [attacker.post(STEP, {"code": "000000"}).status_code for _ in range(8)]
    assert statuses == [422] * 5 + [429] * 3
    known_browser.defaults["REMOTE_ADDR"] = ELSEWHERE
    assert log_in(known_browser, PASSWORD)["Location"] == STEP
    assert known_browser.post(STEP, {"code": app.codes[0]}).status_code == 302
    assert known_browser.get("/orders/").status_code == 200


@pytest.mark.slow
def test_wrong_codes_from_new_networks_have_a_total_limit_and_the_owner_still_signs_in(owner: User, app: App) -> None:
    known_browser = browser_at_the_code(HOME)
    known_browser.post(STEP, {"code": app.code(clock.wall())})
    used = 1
    assert wrong_codes(20) == limits.CODES_FROM_NEW_ORIGINS.most - used
    stranger = browser_at_the_code("198.51.100.204")
    refused = stranger.post(STEP, {"code": app.codes[1]})
    assert refused.status_code == 429
    assert "the link in the mail" in refused.content.decode()
    elsewhere_at_home = browser_at_the_code(HOME)
    assert elsewhere_at_home.post(STEP, {"code": app.codes[2]}).status_code == 302
    assert Event.objects.filter(name="second_step_guessed").count() == 1


@pytest.mark.slow
def test_link_of_the_mail_lets_the_owner_enter_the_code(owner: User, app: App) -> None:
    wrong_codes(20)
    sign_in_reactions.on_second_step_guessed(SecondStepGuessed(user=owner.pk, at=clock.wall()), clock.now())
    client = browser("198.51.100.205")
    client.post(Notice.objects.get(kind="second_step_guessed").link)
    assert log_in(client, PASSWORD)["Location"] == STEP
    assert client.post(STEP, {"code": app.codes[0]}).status_code == 302
    assert second_factor.is_on(owner)
    assert client.get("/orders/").status_code == 200


@pytest.mark.slow
def test_password_alone_makes_no_browser_or_network_known(app: App) -> None:
    client = browser_at_the_code("203.0.113.50")
    assert COOKIE not in client.cookies
    guess_from_many_networks(40)
    assert log_in(browser("203.0.113.50"), PASSWORD).status_code == 422
