"""Issue 8, 3 and 4: guessing passwords delays the guesser, not the owner, and no response reveals who has an account."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from argon2 import extract_parameters
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import connection
from django.test import Client
from django.urls import URLPattern, get_resolver

from tests import factories
from tests.factories.people import PASSWORD
from tradepost.market.base import clock
from tradepost.market.base.secrets import unseal
from tradepost.market.identity import limits
from tradepost.market.identity.models import Throttle, User
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.web import passwords

pytestmark = pytest.mark.django_db
OWNER, NOBODY = "known@lantian.example", "other@lantian.example"
HOME, ATTACKER = "198.51.100.7", "203.0.113.5"
LOGIN = "/account/login/"


@pytest.fixture(autouse=True)
def _owner(monkeypatch: pytest.MonkeyPatch) -> None:
    factories.make_buyer(email=OWNER)
    at = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
    monkeypatch.setattr(clock, "wall", lambda: at)


def log_in(address: str, password: str, *, come_from: str, **more: Any) -> tuple[int, str]:
    client = Client(headers={"accept-language": "en"}, REMOTE_ADDR=come_from)
    answer = client.post(LOGIN, {"login": address, "password": password}, **more)
    return answer.status_code, answer.content.decode()


def guess(address: str, times: int, *, come_from: str = ATTACKER, **more: Any) -> list[bool]:
    """Enter ``number`` wrong passwords. Return which were delayed."""
    pages = [log_in(address, f"wrong {n} wrong", come_from=come_from, **more)[1] for n in range(times)]
    return ["Too many wrong passwords" in page for page in pages]


def test_guesser_is_delayed_and_the_owner_signs_in_from_elsewhere() -> None:
    """Five wrong passwords locked everyone out, including the owner."""
    assert guess(OWNER, 7) == [False] * 5 + [True] * 2
    assert log_in(OWNER, PASSWORD, come_from=ATTACKER)[0] == 422, "the right one is held up as well, or it would tell"
    assert log_in(OWNER, PASSWORD, come_from=HOME)[0] == 302


def test_delay_ends_and_states_its_length(monkeypatch: pytest.MonkeyPatch) -> None:
    guess(OWNER, 5)
    assert "Try again in 2 seconds, or set a new password by e-mail" in log_in(OWNER, "x", come_from=ATTACKER)[1]
    later = clock.wall() + timedelta(seconds=2)
    monkeypatch.setattr(clock, "wall", lambda: later)
    assert log_in(OWNER, PASSWORD, come_from=ATTACKER)[0] == 302
    assert guess(OWNER, 6) == [False] * 5 + [True], "after the right one it begins anew"


def test_case_and_blanks_of_an_address_make_no_other_account() -> None:
    for address in (OWNER, OWNER.upper(), OWNER.title(), f" {OWNER}", OWNER):
        assert guess(address, 1) == [False]
    assert guess(OWNER, 1) == [True]


def test_no_response_reveals_whether_an_account_exists() -> None:
    def seen(address: str) -> list[str]:
        pages = [log_in(address, f"wrong {n} wrong", come_from=ATTACKER) for n in range(7)]
        same = r'[\w.]+@lantian\.example|csrfmiddlewaretoken" value="\w+"|<time.*?</time>'
        return [f"{status} {re.sub(same, '', page, flags=re.DOTALL)}" for status, page in pages]

    assert seen(OWNER) == seen(NOBODY)


def test_x_forwarded_for_is_accepted_only_from_our_proxy() -> None:
    for number in range(5):  # a new address each time, but one client
        assert guess(OWNER, 1, HTTP_X_FORWARDED_FOR=f"192.0.2.{number}") == [False]
    assert guess(OWNER, 1, HTTP_X_FORWARDED_FOR="192.0.2.99") == [True]
    by_proxy: Any = {"come_from": "127.0.0.1", "HTTP_X_FORWARDED_FOR": f"192.0.2.1, {ATTACKER}"}
    assert guess(OWNER, 1, **by_proxy) == [True], "the same, by a proxy"
    assert log_in(OWNER, PASSWORD, come_from="127.0.0.1", HTTP_X_FORWARDED_FOR=HOME)[0] == 302


def test_owner_signs_in_by_mail_from_the_same_network() -> None:
    guess(OWNER, 6)
    client = Client(REMOTE_ADDR=ATTACKER)
    client.post("/account/password/reset/", {"email": OWNER})
    link = reset_link()
    form = client.get(link, follow=True)
    page = form.redirect_chain[-1][0]
    answer = client.post(page, {"password1": "another long one", "password2": "another long one"})
    assert answer.status_code == 302
    assert client.get("/orders/").status_code == 200, "logged in"
    assert log_in(OWNER, "another long one", come_from=ATTACKER)[0] == 302, "and not held up any more"


def reset_link() -> str:
    """Return the path of the link in the newest mail."""
    mail = NoticeDelivery.objects.order_by("-pk").first()
    assert mail is not None
    return unseal(mail.sealed_link)


def test_repeated_requests_for_mails_are_limited() -> None:
    statuses = set()
    for number in range(limits.ACCOUNT_MAILS.most + 3):
        client = Client(REMOTE_ADDR=f"203.0.113.{number}")
        answer = client.post("/account/password/reset/", {"email": OWNER})
        statuses.add((answer.status_code, answer["Location"]))
    assert len(statuses) == 1, "alike, whether one is mailed or not"
    assert NoticeDelivery.objects.count() == limits.ACCOUNT_MAILS.most


@pytest.mark.parametrize(("page", "most"), [("login", 30), ("signup", 20), ("password/reset", 20)])
def test_forms_are_limited_by_network_across_processes(page: str, most: int) -> None:
    for _ in range(most):
        assert Client(REMOTE_ADDR=ATTACKER).post(f"/account/{page}/", {}).status_code == 422
    answer = Client(headers={"accept-language": "en"}, REMOTE_ADDR=ATTACKER).post(f"/account/{page}/", {})
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    assert "Try again in 1 minute." in answer.content.decode()
    assert Client(REMOTE_ADDR=HOME).post(f"/account/{page}/", {}).status_code == 422
    assert Throttle.objects.exists(), "rows, which no process forgets"


def test_ipv6_network_is_one_client() -> None:
    for number in range(5):
        assert guess(OWNER, 1, come_from=f"2001:db8::{number:x}") == [False]
    assert guess(OWNER, 1, come_from="2001:db8::ffff:1") == [True]
    assert guess(OWNER, 1, come_from="2001:db8:0:1::1") == [False]


def test_password_hash_takes_19_mib_and_old_hashes_are_renewed_at_sign_in(settings) -> None:
    """OWASP, Password Storage Cheat Sheet: Argon2id with m=19 MiB, t=2, p=1."""
    settings.PASSWORD_HASHERS = ["tradepost.market.web.passwords.Argon2"]  # the hasher of the tests is fast
    old = Argon2PasswordHasher()
    User.objects.filter(email=OWNER).update(password=old.encode(PASSWORD, old.salt()))
    assert cost(User.objects.get(email=OWNER)) == (102_400, 2, 8)
    assert log_in(OWNER, PASSWORD, come_from=HOME)[0] == 302
    assert cost(User.objects.get(email=OWNER)) == (19 * 1024, 2, 1)
    assert User.objects.get(email=OWNER).check_password(PASSWORD)


def cost(user: User) -> tuple[int, int, int]:
    parameters = extract_parameters("$" + user.password.partition("$")[2])
    return parameters.memory_cost, parameters.time_cost, parameters.parallelism


def test_every_form_with_a_password_waits_for_a_hashing_slot() -> None:
    names = {
        pattern.name
        for entry in get_resolver().url_patterns
        for pattern in getattr(entry, "url_patterns", [entry])
        if isinstance(pattern, URLPattern) and str(entry.pattern).startswith("account/")
    }
    without = {
        "account_logout", "account_inactive", "account_email", "account_email_verification_sent", "account_confirm_email",
        "account_reset_password", "account_reset_password_done", "account_reset_password_from_key_done",
        "account_confirm_login_code", "second_step", "openid_connect_login", "openid_connect_callback",
        "socialaccount_login_cancelled", "socialaccount_login_error", "socialaccount_signup", "socialaccount_connections", "privacy_consent",
    }  # fmt: skip
    elsewhere = {
        "enterprise_appoint", "enterprise_member_new", "enterprise_member_password", "enterprise_passwords", "first_password",
        "member_address", "member_password", "operator_join", "reset_password", "sign_in", "two_step_codes", "two_step_off", "two_step_on",
    }  # fmt: skip
    assert (names - without) | elsewhere == passwords.PAGES
    assert set(limits.FORMS) <= names | {
        "demand_new",
        "complaint_new",
        "picture_upload",
        "proof_upload",
        "uploads",
        "receiver_confirm",
        "renewal_change_check",
        "sign_in",
        "sign_in_account",
        "second_step_of_member",
        "two_step_codes",
        "two_step_off",
        "two_step_on",
    }
    assert passwords.hashes_password({"PATH_INFO": LOGIN})
    assert not passwords.hashes_password({"PATH_INFO": "/nowhere"})


def test_no_lock_is_held_while_a_password_is_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    """On SQLite a transaction blocks all other writers."""
    inside: list[bool] = []
    begun = len(connection.savepoint_ids)

    def check(*_: object) -> bool:
        inside.append(len(connection.savepoint_ids) > begun)
        return True

    monkeypatch.setattr(User, "check_password", check)
    assert log_in(OWNER, PASSWORD, come_from=HOME)[0] == 302
    assert inside == [False]
