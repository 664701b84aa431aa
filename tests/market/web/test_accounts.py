"""Account mails lead to the market's own address, and no answer tells a stranger who has an account."""

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
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"  # as settings.py has it where TRADEPOST_MAIL_URL is set
    settings.ACCOUNT_RATE_LIMITS = False
    smtp = {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": {"host": "127.0.0.1", "port": 9}}
    settings.MAILERS = {"default": smtp}  # nobody listens there: whatever a request would send, fails
    factories.make_buyer(email=KNOWN)


def written() -> list[EmailMultiAlternatives]:
    """What the worker will send: each mail has its job."""
    mails = list(NoticeDelivery.objects.order_by("pk"))
    assert set(Job.objects.filter(kind=DELIVER).values_list("key", flat=True)) == {str(one.pk) for one in mails}
    return [compose(one, Site(config().base_url)) for one in mails]


def said(answer: HttpResponseBase, client: Client) -> object:
    """All that a stranger sees of an answer: status, way on, cookies, and the page that follows, but for what was typed
    and the sandbox's clock."""
    page = client.get(answer["Location"]).content.decode() if answer.has_header("Location") else answer.content.decode()  # type: ignore[attr-defined]  # no page of an account is a stream
    same = re.sub(
        r'[\w.]+@lantian\.example|csrfmiddlewaretoken" value="\w+"|<time.*?</time>', "", page, flags=re.DOTALL
    )
    return answer.status_code, answer.get("Location"), sorted(answer.cookies), same


@pytest.mark.parametrize("password", [PASSWORD, "7", "lantianexample"])
def test_sign_up_answers_alike_whether_there_is_an_account_or_not(password: str) -> None:
    seen = []
    for email in (KNOWN, NEW):
        client = Client()
        seen.append(said(client.post("/account/signup/", {"email": email, "password1": password}), client))
    assert seen[0] == seen[1]
    made = {KNOWN, NEW} if password == PASSWORD else {KNOWN}
    assert set(User.objects.values_list("email", flat=True)) == made
    assert [one.to for one in written()] == ([[KNOWN], [NEW]] if password == PASSWORD else [])


def test_the_owner_of_the_address_learns_that_somebody_tried() -> None:
    Client().post("/account/signup/", {"email": KNOWN, "password1": PASSWORD})
    assert "/account/password/reset/" in written()[0].body
    assert User.objects.get(email=KNOWN).check_password(PASSWORD)


class Counting(MD5PasswordHasher):
    made = 0

    def encode(self, password: str, salt: str) -> str:
        Counting.made += 1
        return super().encode(password, salt)


def test_a_known_address_takes_the_work_of_a_new_one(settings) -> None:
    """The slow part of opening an account is the hash of its password: it is made for a known address as well."""
    settings.PASSWORD_HASHERS = [f"{__name__}.Counting"]
    took = []
    for email in (KNOWN, NEW):
        before = Counting.made
        Client().post("/account/signup/", {"email": email, "password1": PASSWORD})
        took.append(Counting.made - before)
    assert took == [1, 1]


def test_a_new_account_opens_when_its_address_is_confirmed() -> None:
    client = Client()
    client.post("/account/signup/?next=/orders/", {"email": NEW, "password1": PASSWORD, "next": "/orders/"})
    assert client.get("/orders/").status_code == 302
    link = re.search(r"\S+/account/confirm-email/\S+", str(written()[0].body))
    assert link
    assert link[0].startswith(config().base_url)
    confirmed = client.post(link[0].removeprefix(config().base_url))
    assert confirmed["Location"] == "/orders/"
    assert client.get("/orders/").status_code == 200


VISITS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("GET", "/", {}), ("GET", "/account/login/", {}), ("GET", "/account/signup/", {}), ("GET", "/account/password/reset/", {}),
    ("POST", "/account/password/reset/", {"email": NEW}), ("POST", "/i18n/setlang/", {"language": "en"}),
    ("POST", "/account/login/", {"login": NEW, "password": "wrong"}), ("GET", "/account/confirm-email/", {}),
    ("POST", "/account/signup/", {"email": NEW, "password1": PASSWORD}), ("POST", "/account/logout/", {}),
    ("POST", "/account/signup/", {"email": KNOWN, "password1": PASSWORD}), ("GET", "/account/confirm-email/", {}),
)  # fmt: skip


def test_a_visitor_makes_no_session_row() -> None:
    """Issue 8, 9: rows of visitors grew for ever. A language, a form and a sign-up need cookies alone."""
    visitor = Client()
    for method, path, form in VISITS:
        visitor.generic(method, path, urlencode(form), content_type="application/x-www-form-urlencoded")
        assert Session.objects.count() == 0, f"{method} {path}"


def test_what_waits_for_the_confirmation_tells_a_reader_nothing() -> None:
    kept = []
    for email in (KNOWN, NEW):
        answer = Client().post("/account/signup/", {"email": email, "password1": PASSWORD})
        cookie = answer.cookies[COOKIE]
        assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/account/confirm-email/", True, "Lax")
        kept.append(len(cookie.value))
    assert kept[0] == kept[1]


def test_a_cookie_of_somebody_else_s_making_is_left_aside() -> None:
    client = Client()
    client.cookies[COOKIE] = seal("[1]")[:-4] + "AAA="
    assert client.get("/account/confirm-email/").status_code == 200
    assert Session.objects.count() == 0


def test_who_kept_the_cookie_does_not_get_in_by_another_s_link() -> None:
    visitor, other = Client(), Client()
    visitor.post("/account/signup/", {"email": NEW, "password1": PASSWORD})
    other.post("/account/signup/", {"email": "third@lantian.example", "password1": PASSWORD})
    link = re.search(r"/account/confirm-email/\S+", str(written()[0].body))
    assert link
    other.post(link[0])
    assert other.get("/orders/").status_code == 302
    visitor.post(link[0])
    assert visitor.get("/orders/").status_code == 302, "it was used already"


def test_password_reset_answers_alike() -> None:
    seen = []
    for email in (KNOWN, NEW):
        client = Client()
        seen.append(said(client.post("/account/password/reset/", {"email": email}), client))
    assert seen[0] == seen[1]
    assert [one.to for one in written()] == [[KNOWN], [NEW]]


@pytest.mark.parametrize("email", [KNOWN, NEW])
@pytest.mark.parametrize(
    ("page", "form"), [("signup", {"password1": PASSWORD}), ("password/reset", {})], ids=["sign-up", "reset"]
)
def test_no_mail_names_the_host_that_a_request_came_with(settings, page: str, form: dict[str, str], email: str) -> None:
    settings.ALLOWED_HOSTS = ["*"]  # the worst that an operator may have written
    Client().post(
        f"/account/{page}/", {"email": email, **form}, headers={"host": EVIL, "x-forwarded-host": "worse.example"}
    )
    (sent,) = written()
    whole = sent.message().as_string() + sent.subject + sent.body
    assert "evil" not in whole
    assert "worse" not in whole
    assert "8080" not in whole
    links = re.findall(r"https?://\S+", str(sent.body))
    assert any(link.startswith(f"{config().base_url}/account/") for link in links)
    assert all(link.startswith(config().base_url) for link in links)


@pytest.mark.parametrize("email", [KNOWN, NEW])
@pytest.mark.parametrize("page", ["signup", "password/reset"])
def test_no_request_speaks_with_the_mail_server(page: str, email: str) -> None:
    """Issue 8, 2: a server that hangs stalled the site. The mail is a row that the worker delivers."""
    answer = Client().post(f"/account/{page}/", {"email": email, "password1": PASSWORD})
    assert answer.status_code == 302
    assert NoticeDelivery.objects.values_list("address", "status", "attempts").get() == (email, "waiting", 0)


def everything_mailed() -> None:
    for page, email in (
        ("signup", NEW),
        ("signup", KNOWN),
        ("password/reset", KNOWN),
        ("password/reset", "a@b.example"),
    ):
        Client().post(f"/account/{page}/", {"email": email, "password1": PASSWORD})
    client = Client()
    client.force_login(User.objects.get(email=KNOWN))
    client.post("/account/email/", {"action_add": "", "email": "second@lantian.example"})


@pytest.mark.parametrize(
    ("language", "titles"),
    [
        ("en", ["Confirm your e-mail address", "You have an account already", "Choose a new password",
                "There is no account for this address", "Confirm your e-mail address"]),
        ("zh-hans", ["请确认您的邮箱", "您已有账号", "重新设置密码", "该邮箱没有账号", "请确认您的邮箱"]),
    ],
)  # fmt: skip
def test_every_mail_is_in_our_words_and_the_readers_language(language: str, titles: list[str]) -> None:
    User.objects.update(language=language)
    everything_mailed()
    NoticeDelivery.objects.exclude(address=KNOWN).update(language=language)
    mails = written()
    assert [one.subject for one in mails] == titles
    assert all("You get this mail because" in one.body for one in mails) is (language == "en")
    assert not any("Hello" in one.body or "%(" in one.body for one in mails)


def test_an_operator_cannot_take_an_account_over_from_the_list_of_mails(client: Client) -> None:
    everything_mailed()
    client.force_login(factories.make_operator())
    page = client.get("/console/deliveries/").content.decode()
    assert KNOWN in page
    for one in NoticeDelivery.objects.all():
        link = unseal(one.sealed_link)
        assert link.startswith("/account/")
        assert link not in page
        assert link not in str(list(NoticeDelivery.objects.filter(pk=one.pk).values()))
    assert "/account/password/reset/key/" not in page


def test_a_link_keeps_its_path_and_query_alone() -> None:
    assert path_of("https://evil.example:1/account/x/?a=1#b") == "/account/x/?a=1"
