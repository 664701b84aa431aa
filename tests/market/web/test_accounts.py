"""Account mails lead to the market's own address, and no response reveals to a stranger who has an account."""

from __future__ import annotations

import re
from urllib.parse import urlencode

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.sessions.models import Session
from django.core.mail import EmailMultiAlternatives
from django.http import HttpResponseBase
from django.test import Client

from tests import factories
from tests.factories.people import PASSWORD
from tradepost.market.base.config import config
from tradepost.market.base.models import Job
from tradepost.market.base.secrets import seal, unseal
from tradepost.market.identity.models import User
from tradepost.market.notifications.compose import Site, compose
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.notifications.outgoing import DELIVER
from tradepost.market.web.account_mails import path_of
from tradepost.market.web.pending_login import COOKIE

pytestmark = pytest.mark.django_db
KNOWN, NEW = "known@lantian.example", "other@lantian.example"
EVIL = "evil.example:8080"


@pytest.fixture(autouse=True)
def _settings(settings) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"  # as settings.py sets it from TRADEPOST_MAIL_URL
    settings.ACCOUNT_RATE_LIMITS = False
    smtp = {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": {"host": "127.0.0.1", "port": 9}}
    settings.MAILERS = {"default": smtp}  # nobody listens there, so sending within a request fails
    factories.make_buyer(email=KNOWN)


def queued_mails() -> list[EmailMultiAlternatives]:
    """Return the mails that the worker will send; each has its job."""
    mails = list(NoticeDelivery.objects.order_by("pk"))
    assert set(Job.objects.filter(kind=DELIVER).values_list("key", flat=True)) == {str(mail.pk) for mail in mails}
    return [compose(mail, Site(config().base_url)) for mail in mails]


def visible_response(answer: HttpResponseBase, client: Client) -> object:
    """Return all that a stranger sees of a response: status, target, cookies and the next page, without the input and
    the sandbox's clock."""
    # account pages are never streamed
    page = client.get(answer["Location"]).content.decode() if answer.has_header("Location") else answer.content.decode()  # type: ignore[attr-defined]
    same = re.sub(
        r'[\w.]+@lantian\.example|csrfmiddlewaretoken" value="\w+"|<time.*?</time>', "", page, flags=re.DOTALL
    )
    return answer.status_code, answer.get("Location"), sorted(answer.cookies), same


@pytest.mark.parametrize("password", [PASSWORD, "7", "lantianexample"])
def test_sign_up_response_is_the_same_with_and_without_an_account(password: str) -> None:
    responses = []
    for email in (KNOWN, NEW):
        client = Client()
        responses.append(
            visible_response(
                client.post("/account/signup/", {"email": email, "password1": password, "privacy": "on"}), client
            )
        )
    assert responses[0] == responses[1]
    expected_emails = {KNOWN, NEW} if password == PASSWORD else {KNOWN}
    assert set(User.objects.values_list("email", flat=True)) == expected_emails
    assert [mail.to for mail in queued_mails()] == ([[KNOWN], [NEW]] if password == PASSWORD else [])


def test_owner_of_the_address_is_notified_of_the_attempt() -> None:
    Client().post("/account/signup/", {"email": KNOWN, "password1": PASSWORD, "privacy": "on"})
    assert "/account/password/reset/" in queued_mails()[0].body
    assert User.objects.get(email=KNOWN).check_password(PASSWORD)


class Counting(MD5PasswordHasher):
    made = 0

    def encode(self, password: str, salt: str) -> str:
        Counting.made += 1
        return super().encode(password, salt)


def test_known_address_costs_as_much_work_as_a_new_one(settings) -> None:
    """The slow part of opening an account is the password hash, which is computed for a known address too."""
    settings.PASSWORD_HASHERS = [f"{__name__}.Counting"]
    took = []
    for email in (KNOWN, NEW):
        before = Counting.made
        Client().post("/account/signup/", {"email": email, "password1": PASSWORD, "privacy": "on"})
        took.append(Counting.made - before)
    assert took == [1, 1]


def test_new_account_opens_when_its_address_is_confirmed() -> None:
    client = Client()
    client.post(
        "/account/signup/?next=/orders/", {"email": NEW, "password1": PASSWORD, "privacy": "on", "next": "/orders/"}
    )
    assert client.get("/orders/").status_code == 302
    link = re.search(r"\S+/account/confirm-email/\S+", str(queued_mails()[0].body))
    assert link
    assert link[0].startswith(config().base_url)
    confirmed = client.post(link[0].removeprefix(config().base_url))
    assert confirmed["Location"] == "/orders/"
    assert client.get("/orders/").status_code == 200


VISITS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("GET", "/", {}), ("GET", "/account/login/", {}), ("GET", "/account/signup/", {}), ("GET", "/account/password/reset/", {}),
    ("POST", "/account/password/reset/", {"email": NEW}), ("POST", "/i18n/setlang/", {"language": "en"}),
    ("POST", "/account/login/", {"login": NEW, "password": "wrong"}), ("GET", "/account/confirm-email/", {}),
    ("POST", "/account/signup/", {"email": NEW, "password1": PASSWORD, "privacy": "on"}), ("POST", "/account/logout/", {}),
    ("POST", "/account/signup/", {"email": KNOWN, "password1": PASSWORD, "privacy": "on"}), ("GET", "/account/confirm-email/", {}),
)  # fmt: skip


def test_visitor_makes_no_session_row() -> None:
    """Issue 8, 9: rows of visitors accumulated. Language, forms and sign-up need only cookies."""
    visitor = Client()
    for method, path, form in VISITS:
        visitor.generic(method, path, urlencode(form), content_type="application/x-www-form-urlencoded")
        assert Session.objects.count() == 0, f"{method} {path}"


def test_pending_sign_up_cookie_reveals_nothing_to_a_reader() -> None:
    cookies_kept = []
    for email in (KNOWN, NEW):
        answer = Client().post("/account/signup/", {"email": email, "password1": PASSWORD, "privacy": "on"})
        cookie = answer.cookies[COOKIE]
        assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/account/confirm-email/", True, "Lax")
        cookies_kept.append(len(cookie.value))
    assert cookies_kept[0] == cookies_kept[1]


def test_forged_cookie_is_ignored() -> None:
    client = Client()
    client.cookies[COOKIE] = seal("[1]")[:-4] + "AAA="
    assert client.get("/account/confirm-email/").status_code == 200
    assert Session.objects.count() == 0


def test_cookie_of_one_sign_up_does_not_work_with_the_link_of_another() -> None:
    visitor, other = Client(), Client()
    visitor.post("/account/signup/", {"email": NEW, "password1": PASSWORD, "privacy": "on"})
    other.post("/account/signup/", {"email": "third@lantian.example", "password1": PASSWORD, "privacy": "on"})
    link = re.search(r"/account/confirm-email/\S+", str(queued_mails()[0].body))
    assert link
    other.post(link[0])
    assert other.get("/orders/").status_code == 302
    visitor.post(link[0])
    assert visitor.get("/orders/").status_code == 302, "it was used already"


def test_password_reset_response_is_the_same_with_and_without_an_account() -> None:
    responses = []
    for email in (KNOWN, NEW):
        client = Client()
        responses.append(visible_response(client.post("/account/password/reset/", {"email": email}), client))
    assert responses[0] == responses[1]
    assert [mail.to for mail in queued_mails()] == [[KNOWN], [NEW]]


@pytest.mark.parametrize("email", [KNOWN, NEW])
@pytest.mark.parametrize(
    ("page", "form"),
    [("signup", {"password1": PASSWORD, "privacy": "on"}), ("password/reset", {})],
    ids=["sign-up", "reset"],
)
def test_no_mail_contains_the_host_of_its_request(settings, page: str, form: dict[str, str], email: str) -> None:
    settings.ALLOWED_HOSTS = ["*"]  # the worst setting that an operator could make
    Client().post(
        f"/account/{page}/", {"email": email, **form}, headers={"host": EVIL, "x-forwarded-host": "worse.example"}
    )
    (sent,) = queued_mails()
    mail_text = sent.message().as_string() + sent.subject + sent.body
    assert "evil" not in mail_text
    assert "worse" not in mail_text
    assert "8080" not in mail_text
    links = re.findall(r"https?://\S+", str(sent.body))
    assert any(link.startswith(f"{config().base_url}/account/") for link in links)
    assert all(link.startswith(config().base_url) for link in links)


@pytest.mark.parametrize("email", [KNOWN, NEW])
@pytest.mark.parametrize("page", ["signup", "password/reset"])
def test_no_request_connects_to_the_mail_server(page: str, email: str) -> None:
    """Issue 8, 2: a hanging mail server stalled the site. The mail is a row that the worker delivers."""
    answer = Client().post(f"/account/{page}/", {"email": email, "password1": PASSWORD, "privacy": "on"})
    assert answer.status_code == 302
    assert NoticeDelivery.objects.values_list("address", "status", "attempts").get() == (email, "waiting", 0)


def queue_every_mail() -> None:
    for page, email in (
        ("signup", NEW),
        ("signup", KNOWN),
        ("password/reset", KNOWN),
        ("password/reset", "a@b.example"),
    ):
        Client().post(f"/account/{page}/", {"email": email, "password1": PASSWORD, "privacy": "on"})
    client = Client()
    client.force_login(User.objects.get(email=KNOWN))
    client.post("/account/email/", {"action_add": "", "email": "second@lantian.example"})


@pytest.mark.parametrize(
    ("language", "titles"),
    [
        ("en", ["Confirm your e-mail address", "You already have an account", "Choose a new password",
                "No account uses this address", "Confirm your e-mail address"]),
        ("zh-hans", ["请确认您的邮箱", "您已有账号", "重新设置密码", "该邮箱没有账号", "请确认您的邮箱"]),
    ],
)  # fmt: skip
def test_every_mail_uses_our_terms_in_the_readers_language(language: str, titles: list[str]) -> None:
    User.objects.update(language=language)
    queue_every_mail()
    NoticeDelivery.objects.exclude(address=KNOWN).update(language=language)
    mails = queued_mails()
    assert [mail.subject for mail in mails] == titles
    assert all("You received this email because" in mail.body for mail in mails) is (language == "en")
    assert not any("Hello" in mail.body or "%(" in mail.body for mail in mails)


def test_operator_cannot_take_over_an_account_from_the_list_of_mails(client: Client) -> None:
    queue_every_mail()
    client.force_login(factories.make_operator())
    page = client.get("/console/deliveries/").content.decode()
    assert KNOWN in page
    for delivery in NoticeDelivery.objects.all():
        link = unseal(delivery.sealed_link)
        assert link.startswith("/account/")
        assert link not in page
        assert link not in str(list(NoticeDelivery.objects.filter(pk=delivery.pk).values()))
    assert "/account/password/reset/key/" not in page


def test_link_keeps_only_its_path_and_query() -> None:
    assert path_of("https://evil.example:1/account/x/?a=1#b") == "/account/x/?a=1"
