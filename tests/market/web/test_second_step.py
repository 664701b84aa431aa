"""Two-step sign-in, and the page with the ways to sign in, tested with a browser's requests."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.contrib.sessions.models import Session
from django.test import Client

from tests.configured import configured
from tests.factories import make_buyer, make_operator
from tests.factories.people import PASSWORD
from tests.factories.second_step import App, is_on, turn_on
from tradepost.market.audit.models import Entry
from tradepost.market.base import clock
from tradepost.market.base.models import Event
from tradepost.market.identity import totp
from tradepost.market.identity.models import LogIn, Throttle, User
from tradepost.market.web import access

pytestmark = pytest.mark.django_db
STEP, SECURITY, ON = "/account/login/code/", "/account/security/", "/account/security/two-step/"
OFF, CODES, OTHERS = f"{ON}off/", f"{SECURITY}codes/", f"{SECURITY}log-ins/others/end/"
NEW = "another horse battery"
ENGLISH = {"accept-language": "en"}


def browser() -> Client:
    return Client(headers=ENGLISH)


def log_in(user: User, client: Client | None = None, **more: str) -> tuple[Client, Any]:
    client = client or browser()
    return client, client.post("/account/login/", {"login": user.email, "password": PASSWORD, **more})


def is_signed_in(client: Client) -> bool:
    return client.get("/orders/").status_code == 200


@pytest.fixture
def user() -> User:
    return make_buyer(balance="0")


@pytest.fixture
def app(user: User) -> App:
    return turn_on(user)


def test_password_alone_does_not_sign_in(user: User, app: App) -> None:
    client, answer = log_in(user)
    assert (answer.status_code, answer["Location"]) == (302, STEP)
    assert not is_signed_in(client)
    assert client.get(ON).status_code == 302
    assert not LogIn.objects.exists()
    assert client.get("/account/login/")["Location"] == STEP, "who comes back goes on where they were"


def test_code_signs_in_and_returns_to_the_requested_page(user: User, app: App) -> None:
    client, _ = log_in(user, next="/orders/?page=2")
    before = client.session.session_key
    answer = client.post(STEP, {"code": app.code()})
    assert (answer.status_code, answer["Location"]) == (302, "/orders/?page=2")
    assert is_signed_in(client)
    assert client.session.session_key != before, "session fixation"
    assert client.get(STEP).status_code == 302


def test_recovery_code_works_once(user: User, app: App) -> None:
    for client, status in ((log_in(user)[0], 302), (log_in(user)[0], 422)):
        assert client.post(STEP, {"code": app.codes[3]}).status_code == status
        assert is_signed_in(client) is (status == 302)


def test_intercepted_code_cannot_be_reused(user: User, app: App) -> None:
    """RFC 6238 §5.2."""
    thief, owner, code = log_in(user)[0], log_in(user)[0], app.code()
    assert owner.post(STEP, {"code": code}).status_code == 302
    answer = thief.post(STEP, {"code": code})
    assert answer.status_code == 422
    assert "it was used already" in answer.content.decode()
    assert not is_signed_in(thief)


def test_wrong_codes_are_counted_across_browsers(user: User, app: App) -> None:
    client, _answer = log_in(user)
    for _ in range(5):
        client, _answer = log_in(user)
        assert client.post(STEP, {"code": "000000"}).status_code == 422
    late = log_in(user)[0].post(STEP, {"code": app.code()})
    assert late.status_code == 429
    assert "Try again in" in late.content.decode()
    Throttle.objects.update(until=clock.wall() - timedelta(seconds=1))
    assert client.post(STEP, {"code": app.code()}).status_code == 302


def test_another_person_can_start_over_in_the_same_browser(user: User, app: App) -> None:
    client, _ = log_in(user)
    assert client.post(STEP, {"cancel": "1"})["Location"] == "/account/login/"
    assert client.post(STEP, {"code": app.code()}).status_code == 302
    assert not is_signed_in(client)


def test_password_reset_does_not_skip_the_second_step(user: User, app: App) -> None:
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    client = browser()
    form = client.get(f"/account/password/reset/key/{key}/")["Location"]
    answer = client.post(form, {"password1": NEW, "password2": NEW})
    assert (answer.status_code, answer["Location"]) == (302, STEP)
    assert not is_signed_in(client)


def test_moved_sandbox_clock_locks_no_user_out(user: User, app: App) -> None:
    clock.jump(clock.now() + timedelta(days=400))
    client, _ = log_in(user)
    assert client.post(STEP, {"code": app.code()}).status_code == 302
    assert is_signed_in(client)


def draft_of(page: Any) -> tuple[str, str]:
    """Return the value that the page expects back, and its secret."""
    text = page.content.decode()
    draft = re.search(r'name="draft" value="([^"]+)"', text)
    secret = re.search(r'<p class="tp-mono">([^<]+)</p>', text)
    assert draft
    assert secret
    return unescape(draft[1]), secret[1].replace(" ", "")


def turn_on_by_page(client: Client, **more: str) -> Any:
    draft, secret = draft_of(client.get(ON))
    code = totp.code_at(secret, totp.step_of(clock.wall()))
    return client.post(ON, {"draft": draft, "code": code, "password": PASSWORD} | more)


def test_turning_it_on_shows_codes_once_and_ends_other_sessions(user: User) -> None:
    client, other = log_in(user)[0], log_in(user)[0]
    page = client.get(ON)
    assert "otpauth://totp/" in page.content.decode()
    assert "<svg" in page.content.decode()
    answer = turn_on_by_page(client)
    shown = re.findall(r'<li class="tp-mono">(\w{5}-\w{5})</li>', answer.content.decode())
    assert (answer.status_code, len(shown), answer["Cache-Control"]) == (200, 10, "private, no-store")
    assert is_on(user)
    assert (is_signed_in(client), is_signed_in(other)) == (True, False)
    assert "10 of 10 recovery codes" in client.get(SECURITY).content.decode()
    assert client.get(ON)["Location"] == SECURITY
    other_browser, _ = log_in(user)
    assert other_browser.post(STEP, {"code": shown[0]}).status_code == 302


@pytest.mark.parametrize(
    "wrong", [{"password": "wrong"}, {"code": "000000"}, {"code": ""}, {"draft": "x"}, {"draft": "x" * 2000}]
)
def test_wrong_input_turns_nothing_on(user: User, wrong: dict[str, str]) -> None:
    client, _ = log_in(user)
    answer = turn_on_by_page(client, **wrong)
    assert answer.status_code == 422
    assert not is_on(user)
    assert is_signed_in(client)


def test_qr_code_stays_after_a_wrong_code(user: User) -> None:
    client, _ = log_in(user)
    draft, secret = draft_of(client.get(ON))
    answer = client.post(ON, {"draft": draft, "code": "000000", "password": PASSWORD})
    assert draft_of(answer) == (draft, secret)


@pytest.mark.parametrize(("password", "code"), [("wrong", "right"), (PASSWORD, "000000"), ("wrong", "000000")])
@pytest.mark.parametrize("page", [OFF, CODES])
def test_turning_off_and_new_codes_need_password_and_code(
    user: User, app: App, page: str, password: str, code: str
) -> None:
    client, _ = log_in(user)
    client.post(STEP, {"code": app.codes[0]})
    code = app.code() if code == "right" else code
    assert client.post(page, {"password": password, "code": code}).status_code == 422
    assert is_on(user)
    assert app.codes[1] not in client.get(SECURITY).content.decode()
    other_browser, _ = log_in(user)
    assert other_browser.post(STEP, {"code": app.codes[1]}).status_code == 302


def test_turning_off_ends_other_sessions(user: User, app: App) -> None:
    client, other = log_in(user)[0], log_in(user)[0]
    client.post(STEP, {"code": app.codes[0]})
    other.post(STEP, {"code": app.codes[1]})
    assert client.post(OFF, {"password": PASSWORD, "code": app.code()})["Location"] == SECURITY
    assert not is_on(user)
    assert (is_signed_in(client), is_signed_in(other)) == (True, False)
    assert log_in(user)[1]["Location"] != STEP
    assert Event.objects.filter(name="sign_in_changed").count() == 2


def test_new_codes_replace_earlier_ones(user: User, app: App) -> None:
    client, _ = log_in(user)
    client.post(STEP, {"code": app.codes[0]})
    answer = client.post(CODES, {"password": PASSWORD, "code": app.code()})
    shown = re.findall(r'<li class="tp-mono">(\w{5}-\w{5})</li>', answer.content.decode())
    assert len(shown) == 10
    assert not set(shown) & set(app.codes)


def test_page_lists_sessions_and_ends_one(user: User) -> None:
    client, _ = log_in(user)
    phone = Client(REMOTE_ADDR="203.0.113.7", headers=ENGLISH | {"user-agent": "x (iPhone) Safari/1"})
    log_in(user, phone)
    page = client.get(SECURITY).content.decode()
    assert "203.0.113.7" in page
    assert "Safari · iPhone" in page
    assert page.count("this browser") == 1
    row = LogIn.objects.get(network="203.0.113.7")
    assert client.post(f"{SECURITY}log-ins/{row.pk}/end/").status_code == 302
    assert (is_signed_in(client), is_signed_in(phone)) == (True, False)
    assert "203.0.113.7" not in client.get(SECURITY).content.decode()


def test_sessions_of_others_and_the_current_one_cannot_be_ended(user: User) -> None:
    client, stranger = log_in(user)[0], log_in(make_buyer(balance="0"))[0]
    row = LogIn.objects.get(user=user)
    assert stranger.post(f"{SECURITY}log-ins/{row.pk}/end/").status_code == 404
    assert client.post(f"{SECURITY}log-ins/{row.pk}/end/").status_code == 404
    assert (is_signed_in(client), is_signed_in(stranger)) == (True, True)


def test_all_other_sessions_end_even_if_unlisted(user: User) -> None:
    """Sessions from before the market kept this list."""
    client, old = log_in(user)[0], browser()
    old.force_login(user)
    assert is_signed_in(old)
    assert client.post(OTHERS).status_code == 302
    assert (is_signed_in(client), is_signed_in(old)) == (True, False)
    assert client.get(SECURITY).content.decode().count("this browser") == 1


def test_new_password_ends_other_sessions(user: User) -> None:
    client, other = log_in(user)[0], log_in(user)[0]
    answer = client.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    assert answer.status_code == 302
    assert (is_signed_in(client), is_signed_in(other)) == (True, False)
    assert client.get(SECURITY).content.decode().count("this browser") == 1
    assert [event.facts["what"] for event in Event.objects.filter(name="sign_in_changed")] == ["password"]


def test_signing_out_deletes_the_session_row(user: User) -> None:
    client, _ = log_in(user)
    assert LogIn.objects.count() == 1
    client.post("/account/logout/")
    assert not LogIn.objects.exists()
    assert not Session.objects.filter(log_in__user=user).exists()


def test_console_can_require_it_of_operators(monkeypatch: pytest.MonkeyPatch) -> None:
    operator = make_operator()
    client = browser()
    client.force_login(operator)
    assert client.get("/console/").status_code == 200
    monkeypatch.setattr(access, "config", lambda: configured(second_step_for_operators=True))
    for answer in (client.get("/console/"), client.post("/console/notices/read/")):
        assert (answer.status_code, answer["Location"]) == (302, ON)
    assert "The console requires two-step sign-in. Turn it on to continue" in client.get(ON).content.decode()
    turn_on_by_page(client)
    assert client.get("/console/").status_code == 200
    make_operator()
    page = client.get("/console/operators/").content.decode()
    assert (page.count("on since"), len(re.findall(r"<td[^>]*>\s*off\s*</td>", page))) == (1, 1)


def test_operator_can_turn_it_off_for_another_person_only(user: User, app: App) -> None:
    operator, other_browser = make_operator(), browser()
    other_browser.force_login(user)
    client = browser()
    client.force_login(operator)
    assert "on since" in client.get(f"/console/accounts/{user.pk}/").content.decode()
    assert client.post(f"/console/accounts/{user.pk}/second-step/").status_code == 302
    assert not is_on(user)
    assert not is_signed_in(other_browser)
    entry = Entry.objects.get()
    assert (entry.act, entry.outcome) == ("second_step_reset", "done")
    assert client.post(f"/console/accounts/{user.pk}/second-step/").status_code == 409
    turn_on(operator)
    client.force_login(User.objects.get(pk=operator.pk))
    assert client.post(f"/console/accounts/{operator.pk}/second-step/").status_code == 403
    assert is_on(operator)
