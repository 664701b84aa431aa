"""Signing in through a tenant's auth centre, and what strangers try at the callback (openapi-jointkit §B)."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit.joint.auth_server import AuthServer, auth_server
from tests.kit.joint.directories import NOW, application, person, secrets, tenant, users
from tradepost.kit.joint import JointLogin, JointSync, MemoryDirectory, SignedIn, problems
from tradepost.kit.joint.renewal import GRACE
from tradepost.kit.joint.replies import Reply, local_path
from tradepost.kit.joint.web import MOST_ATTEMPTS, Visit, answer, cookies_in, turn_away
from tradepost.protocols.sync_commands import SyncFlag

CALLBACK = "https://app.example.com/signin/callback"


@dataclass
class Browser:
    """Follows the login's replies as a browser would, and keeps its cookies."""

    login: JointLogin
    cookies: dict[str, str] = field(default_factory=dict)

    def take(self, reply: Reply) -> Reply:
        for cookie in reply.cookies:
            if cookie.value:
                self.cookies[cookie.name] = cookie.value
            else:
                self.cookies.pop(cookie.name, None)
        return reply

    def begin(self, tenant_id: str = "t1", onward: str = "") -> Reply:
        return self.take(self.login.begin(tenant_id, onward, self.cookies))

    def callback(self, query: dict[str, str]) -> Reply:
        return self.take(self.login.finish(query, self.cookies))

    def sign_in(self, tenant_id: str = "t1", onward: str = "") -> Reply:
        return self.callback(visit(self.begin(tenant_id, onward).location))

    @property
    def who(self) -> SignedIn | None:
        return self.login.who(self.cookies)

    @property
    def is_in(self) -> bool:
        return any(name.endswith("joint") for name in self.cookies)


def visit(location: str) -> dict[str, str]:
    """Of the auth centre's page: the parameters with which it sends the browser back."""
    parts = urlsplit(location)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    connection.request("GET", f"{parts.path}?{parts.query}")
    back = connection.getresponse().getheader("Location") or ""
    connection.close()
    assert back.startswith(CALLBACK)
    return {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}


@dataclass
class Place:
    server: AuthServer
    sync: JointSync
    browser: Browser
    now: list[datetime]

    def later(self, by: timedelta) -> None:
        self.now[0] += by

    def tell(self, *commands: object) -> None:
        for command in commands:
            self.sync.apply(command)  # type: ignore[arg-type]  # each is a command


@pytest.fixture(scope="module")
def server() -> Iterator[AuthServer]:
    with auth_server(CALLBACK) as made:
        yield made


@pytest.fixture
def place(server: AuthServer) -> Place:
    fresh = AuthServer(url=server.url, callbacks={CALLBACK})
    server.__dict__.update(fresh.__dict__)
    directory, now = MemoryDirectory(), [NOW]
    sync = JointSync(directory, secrets())
    login = JointLogin(
        directory=directory, secrets=secrets(), app_id="a1", callback=CALLBACK, clock=lambda: now[0],
        market="https://market.example.com",
    )  # fmt: skip
    found = Place(server, sync, Browser(login), now)
    found.tell(tenant(domain=server.domain()), application(), users(person(), person("li02", admin=True)))
    return found


def with_cas(place: Place) -> Browser:
    return Browser(replace(place.browser.login, cas=True))


def problem_of(reply: Reply) -> problems.Problem:
    assert reply.problem is not None
    assert reply.location == ""
    return reply.problem


# --- the way in --------------------------------------------------------------------------------------------------------


def test_a_person_signs_in_and_is_known(place):
    """§B.2: domain, client and secret are found by tenant and application in what was synchronised."""
    reply = place.browser.sign_in(onward="/reports?month=7")
    assert reply.location == "/reports?month=7"
    assert place.browser.who == SignedIn(
        tenant_id="t1", tenant_code="code-t1", tenant_name="Enterprise t1", user_name="zhang01",
        name="Name of zhang01", admin=False, department="D1", instance_ids=("i1",),
    )  # fmt: skip
    assert place.browser.who.account == "zhang01@code-t1"
    assert place.server.asked == ["api/v1/oauth2/authorize", "api/v1/oauth2/token", "api/v1/oauth2/userinfo"]
    assert sorted(place.browser.cookies) == ["__Host-joint", "__Host-joint_tenant"]
    # What the database holds opens nothing.
    (session,) = place.sync.directory._sessions.values()
    assert place.browser.cookies["__Host-joint"] not in repr(session)
    assert not any(token in session.sealed_tokens for token in place.server.refreshes)


def test_the_role_is_that_of_the_last_call(place):
    """§A.7: the seller must grant administrator rights to ``admin``."""
    place.server.signed_in["t1"] = "li02"
    place.browser.sign_in()
    assert place.browser.who is not None
    assert place.browser.who.admin
    place.tell(users(person("li02"), flag=SyncFlag.MODIFY))
    assert not place.browser.who.admin


@pytest.mark.parametrize(
    "taken",
    [users(person(), flag=SyncFlag.DELETE), users(person(), flag=SyncFlag.CANCEL_AUTHORISATION),
     users(person(enabled=False), flag=SyncFlag.MODIFY), tenant(flag=SyncFlag.DELETE)],
    ids=["deleted", "cancelled", "disabled", "tenant-gone"],
)  # fmt: skip
def test_whoever_is_withdrawn_is_out_and_stays_out(place, taken):
    """§A.7: flags 0 and 3, ``enable``."""
    place.browser.sign_in()
    place.tell(taken)
    assert place.browser.who is None
    reply = place.browser.begin()
    refused = reply if reply.problem else place.browser.callback(visit(reply.location))
    assert problem_of(refused) in {problems.NOT_AUTHORISED, problems.NOT_BOUND}
    # Authorised again: the old session does not come back.
    place.tell(tenant(domain=place.server.domain()), application(), users(person()))
    assert place.browser.who is None
    assert place.browser.sign_in().location == "/"


def test_a_code_without_state_is_not_used_and_the_sign_in_begins_anew(place):
    """§B.2, §B.3: the unified login page sends code and tenant, and no state: whose code it is nobody knows."""
    code = place.server.code(callback=CALLBACK)
    place.browser.take(place.browser.login.begin("", "/onward", {}))
    reply = place.browser.callback({"code": code, "tenant": "t1"})
    assert reply.location.startswith(f"{place.server.domain()}/api/v1/oauth2/authorize?")
    assert place.server.asked == []
    assert not place.browser.is_in
    assert place.browser.callback(visit(reply.location)).location == "/onward"
    assert not place.server.codes[code].used


def test_people_of_whom_nobody_knows_the_enterprise_go_to_the_unified_page(place):
    """§B.3: the parameters are in the fragment."""
    assert place.browser.begin("").location == (
        "https://market.example.com/unified-login/#/portal-login?ind=UNOP&appId=a1"
    )
    nowhere = replace(place.browser.login, market="")
    assert problem_of(nowhere.begin("")) == problems.NO_TENANT
    # Who was here before goes back to their own.
    place.browser.sign_in()
    assert place.browser.begin("").location.startswith(place.server.domain())


def test_leaving_ends_the_session_here_and_at_the_auth_centre(place):
    """§B.8: the parameter is redirect_url; the seller clears its own session."""
    place.browser.sign_in()
    before = dict(place.browser.cookies)
    reply = place.browser.take(place.browser.login.leave(place.browser.cookies))
    asked = urlencode({"redirect_url": "https://app.example.com/"})
    assert reply.location == f"{place.server.domain()}/api/v1/logout?{asked}"
    assert place.browser.cookies == {}
    assert place.browser.login.who(before) is None
    assert place.browser.login.leave({}).location == "/"


def test_a_new_sign_in_ends_the_one_before(place):
    place.browser.sign_in()
    before = dict(place.browser.cookies)
    place.browser.sign_in()
    assert place.browser.login.who(before) is None
    assert place.browser.who is not None


def test_two_tabs_do_not_spoil_each_others_sign_in(place):
    first, second = place.browser.begin(onward="/one"), place.browser.begin(onward="/two")
    assert place.browser.callback(visit(first.location)).location == "/one"
    assert place.browser.callback(visit(second.location)).location == "/two"


# --- what strangers try ------------------------------------------------------------------------------------------------


def test_a_state_that_this_browser_did_not_begin_is_refused(place):
    """A stranger's code in a victim's browser would sign them in as the stranger (RFC 6749 §10.12)."""
    stranger = Browser(place.browser.login)
    answered = visit(stranger.begin().location)
    place.browser.begin()
    for query in (answered, {**answered, "state": "made up"}, {**answered, "state": "\udc00"}):
        assert problem_of(place.browser.callback(query)) == problems.NOT_BEGUN_HERE
    assert not place.browser.is_in
    assert "api/v1/oauth2/token" not in place.server.asked


def test_a_callback_that_comes_again_signs_nobody_in(place):
    """§B.5: a code is single use."""
    answered = visit(place.browser.begin().location)
    kept = dict(place.browser.cookies)
    place.browser.callback(answered)
    again = Browser(place.browser.login, {})
    assert problem_of(again.callback(answered)) == problems.NOT_BEGUN_HERE
    # A browser that did not forget its attempt: the auth centre refuses the code.
    again.cookies = kept
    assert problem_of(again.callback(answered)) == problems.OVER
    assert not again.is_in


def test_an_attempt_is_over_after_ten_minutes(place):
    answered = visit(place.browser.begin().location)
    place.later(timedelta(minutes=10))
    assert problem_of(place.browser.callback(answered)) == problems.NOT_BEGUN_HERE


def test_a_code_of_another_tenant_is_refused(place):
    """§B.2: the tenant picks the domain; an answer of another one, or in its name, is no answer."""
    place.server.clients["t2"] = {"client-2": "other secret"}
    place.server.signed_in["t2"] = "zhang01"
    place.tell(tenant(tenant_id="t2", domain=place.server.domain("t2")))
    place.tell(application(tenant_id="t2", client_id="client-2", secret="other secret"))
    place.tell(users(person(), tenant_id="t2"))
    answered = visit(place.browser.begin().location)
    wrong = {**answered, "tenant": "t2"}
    assert problem_of(place.browser.callback(wrong)) == problems.OTHER_TENANT
    for forged in ({"iss": "https://evil.example.com"}, {"iss": "http://["}):
        answered = visit(place.browser.begin().location)
        assert problem_of(place.browser.callback({**answered, **forged})) == problems.OTHER_TENANT
    other = visit(place.browser.begin("t2").location)
    mixed = visit(place.browser.begin().location) | {"code": other["code"]}
    assert problem_of(place.browser.callback(mixed)) == problems.OVER
    assert not place.browser.is_in
    assert place.browser.sign_in("t2").location == "/"
    assert place.browser.who is not None
    assert place.browser.who.tenant_id == "t2"


@pytest.mark.parametrize(("says", "problem"), [
    ({"tenant": "t2"}, problems.OTHER_TENANT),
    ({"tenant": ""}, problems.OTHER_TENANT),
    ({"userName": "stranger"}, problems.NOT_AUTHORISED),
    ({"userName": "ZHANG01"}, problems.NOT_AUTHORISED),
    ({"userName": 7}, problems.MISCONFIGURED),
    ({"userName": "x" * 300}, problems.MISCONFIGURED),
])  # fmt: skip
def test_whom_the_auth_centre_vouches_for_must_be_somebody_of_this_tenant(place, says, problem):
    """§B.7."""
    place.server.says = says
    assert problem_of(place.browser.sign_in()) == problem
    assert not place.browser.is_in
    assert place.sync.directory._sessions == {}


def test_older_names_of_the_account_are_read(place):
    """§B.7: accName and loginName stand in an older text only."""
    place.server.says = {"userName": None, "loginName": "li02"}
    place.browser.sign_in()
    assert place.browser.who is not None
    assert place.browser.who.user_name == "li02"


@pytest.mark.parametrize(("answer", "problem"), [
    ((400, b'{"error":"invalid_grant","error_description":"Invalid authorization code"}'), problems.OVER),
    ((403, b'{"error":"invalid_client","error_description":"Bad client credentials"}'), problems.MISCONFIGURED),
    ((401, b'{"error":"invalid_client"}'), problems.MISCONFIGURED),
    ((500, b"<html>"), problems.AWAY),
    ((200, b"<html>"), problems.MISCONFIGURED),
    ((200, b'{"access_token":""}'), problems.MISCONFIGURED),
    ((200, b'{"access_token":' + b"[" * 100 + b"]" * 100 + b"}"), problems.MISCONFIGURED),
    ((200, b" " * 300_000), problems.AWAY),
])  # fmt: skip
def test_what_the_token_endpoint_refuses_is_told_in_words(place, answer, problem):
    """§B.5."""
    reply = place.browser.begin()
    query = visit(reply.location)
    place.server.answer = answer
    assert problem_of(place.browser.callback(query)) == problem
    assert not place.browser.is_in


def test_an_auth_centre_that_is_away_is_told_in_words(place):
    query = visit(place.browser.begin().location)
    place.tell(tenant(domain="http://127.0.0.1:1"))
    assert problem_of(place.browser.callback({**query, "iss": "http://127.0.0.1:1"})) == problems.AWAY


@pytest.mark.parametrize(
    "query", [{}, {"tenant": "t1"}, {"code": ""}, {"code": "c" * 5000, "state": "s"}, {"code": "c"}]
)
def test_an_answer_without_what_is_needed_is_refused(place, query):
    assert problem_of(place.browser.callback(query)) == problems.INCOMPLETE


def test_a_declined_sign_in_says_so(place):
    query = {"error": "access_denied", "error_description": "<script>", "state": "s"}
    assert problem_of(place.browser.callback(query)) == problems.DECLINED


def test_nobody_signs_in_at_a_domain_that_is_not_safe(place):
    """§A.5: the domain comes with https://; over anything else a secret would be read on the way."""
    for domain in (
        "http://acme.example.com",
        "acme.example.com",
        "https://u:p@acme.example.com",
        "https://a.example.com?x",
    ):
        place.tell(tenant(domain=domain))
        assert problem_of(place.browser.begin()) == problems.NOT_BOUND
    assert problem_of(place.browser.begin("unknown")) == problems.NOT_BOUND
    assert "t" * 65 not in place.browser.begin("t" * 65).location


@pytest.mark.parametrize("onward", [
    "//evil.example.com", "https://evil.example.com", "/\\evil.example.com", "\\/evil", "/\t/evil.example.com",
    "javascript:alert(1)", "/" + "x" * 2001, "", " /x", "/x\r\nSet-Cookie: a=b",
])  # fmt: skip
def test_a_stranger_cannot_choose_where_people_go_on_to(place, onward):
    assert place.browser.sign_in(onward=onward).location == "/"


@given(st.text())
def test_a_local_path_stays_on_this_host(text):
    path = local_path(text)
    assert path in {"", text}
    if path:
        parts = urlsplit(f"https://app.example.com{path}")
        assert parts.netloc == "app.example.com"
        assert urlsplit(path).netloc == ""


# --- sessions ----------------------------------------------------------------------------------------------------------


def test_a_session_is_confirmed_when_its_token_is_over(place):
    """§B.6: access tokens live for two hours, a refresh token is used once."""
    place.browser.sign_in()
    place.server.asked.clear()
    place.later(timedelta(hours=1, minutes=59))
    assert place.browser.who is not None
    assert place.server.asked == []
    place.later(timedelta(minutes=2))
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: place.browser.login.who(place.browser.cookies), range(8)))
    assert all(found)
    assert place.server.asked == ["api/v1/oauth2/token", "api/v1/oauth2/userinfo"]
    place.later(timedelta(hours=3))
    assert place.browser.who is not None
    place.later(timedelta(hours=8))
    assert place.browser.who is None, "twelve hours are over"


def test_a_session_that_the_auth_centre_does_not_confirm_ends(place):
    place.browser.sign_in()
    place.later(timedelta(hours=3))
    for grant in place.server.refreshes.values():
        grant.used = True
    assert place.browser.who is None
    assert place.sync.directory._sessions == {}


def test_a_session_waits_a_while_for_an_auth_centre_that_is_away(place):
    place.browser.sign_in()
    place.later(timedelta(hours=2))
    place.tell(tenant(domain="http://127.0.0.1:1"))
    assert place.browser.who is not None
    place.later(GRACE)
    assert place.browser.who is None
    place.tell(tenant(domain=place.server.domain()))
    place.later(timedelta(minutes=1))
    assert place.browser.who is not None


def test_a_session_of_which_somebody_else_is_confirmed_ends(place):
    place.browser.sign_in()
    place.later(timedelta(hours=3))
    place.server.says = {"userName": "li02"}
    assert place.browser.who is None


@pytest.mark.parametrize("life", [None, 0, -1, True, "60", 10**18, "x"])
def test_a_life_that_makes_no_sense_is_two_hours(place, life):
    place.server.life = life
    place.browser.sign_in()
    place.server.asked.clear()
    place.later(timedelta(minutes=59))
    assert place.browser.who is not None
    assert bool(place.server.asked) is (life == "60")


def test_without_a_refresh_token_a_session_ends_with_its_token(place):
    """§B.5: an older text gives one only when configured."""
    place.server.gives_refresh = False
    place.browser.sign_in()
    place.later(timedelta(hours=2))
    assert place.browser.who is None


def test_a_session_of_another_application_is_none(place):
    place.browser.sign_in()
    assert replace(place.browser.login, app_id="a2").who(place.browser.cookies) is None
    assert place.browser.login.who({"__Host-joint": "made up"}) is None


def test_while_a_secret_is_changed_the_other_instances_secret_is_tried(place):
    """§A.6: applicationSync flag 2 comes instance by instance."""
    place.tell(tenant(instance="i2", domain=place.server.domain()), application(instance="i2", secret="new secret"))
    place.server.clients["t1"]["client-1"] = "new secret"
    assert place.browser.sign_in().location == "/"
    place.server.clients["t1"]["client-1"] = "another one"
    assert problem_of(place.browser.sign_in()) == problems.MISCONFIGURED


# --- CAS ---------------------------------------------------------------------------------------------------------------


def test_a_person_signs_in_by_cas(place):
    """§B.9: serviceValidate in JSON, with the very callback."""
    browser = with_cas(place)
    reply = browser.sign_in(onward="/x")
    assert reply.location == "/x"
    assert browser.who is not None
    assert browser.who.user_name == "zhang01"
    place.later(timedelta(hours=3))
    assert browser.who is not None, "CAS has no tokens that end"
    assert place.server.asked == ["cas/login", "api/v1/cas/p3/serviceValidate"]


def test_a_ticket_that_this_browser_did_not_ask_for_is_not_used(place):
    browser = with_cas(place)
    ticket = visit(Browser(browser.login).begin().location)
    reply = browser.callback({**ticket, "tenant": "t1"})
    assert urlsplit(reply.location).path == "/t/t1/cas/login"
    assert ticket["ticket"] in place.server.tickets
    assert browser.callback(visit(reply.location)).location == "/"
    assert problem_of(with_cas(place).callback(ticket)) == problems.NOT_BEGUN_HERE


@pytest.mark.parametrize(("spoil", "problem"), [
    ({"ticket": "ST-made-up"}, problems.OVER),
    ({"tenant": "t2"}, problems.OTHER_TENANT),
    ({"ticket": ""}, problems.INCOMPLETE),
])  # fmt: skip
def test_a_wrong_ticket_is_refused(place, spoil, problem):
    browser = with_cas(place)
    query = visit(browser.begin().location) | spoil
    assert problem_of(browser.callback(query)) == problem
    assert not browser.is_in


def test_attributes_may_be_lists_of_one(place):
    place.server.says = {"userName": ["li02"], "tenant": ["t1"]}
    browser = with_cas(place)
    browser.sign_in()
    assert browser.who is not None
    assert browser.who.user_name == "li02"
    place.server.says = {"tenant": "t2"}
    assert problem_of(with_cas(place).sign_in()) == problems.OTHER_TENANT


# --- as HTTP -----------------------------------------------------------------------------------------------------------


def test_cookies_are_for_this_host_and_not_for_scripts(place):
    response = answer(place.browser.login, Visit(method="GET", path="/signin", query="tenant=t1&next=%2Fx"))
    assert response.status == 303
    cookie = response.header("Set-Cookie") or ""
    assert cookie.startswith("__Host-joint_try_")
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Lax; Max-Age=600; Secure")
    assert response.header("Cache-Control") == "no-store"
    assert response.header("Referrer-Policy") == "no-referrer"


@pytest.mark.parametrize(
    ("language", "words"), [("zh-CN,en", "登录信息不完整"), ("en,zh", "The sign-in is incomplete")]
)
def test_a_problem_is_told_in_the_readers_language(place, language, words):
    visited = Visit(method="GET", path="/signin/callback", query="tenant=<b>", language=language)
    response = answer(place.browser.login, visited)
    assert response.status == 400
    assert f"<h1>{words}</h1>" in response.body.decode()
    assert 'href="/signin?tenant=%3Cb%3E"' in response.body.decode()


def test_a_link_signs_nobody_out(place):
    place.browser.sign_in()
    cookie = "; ".join(f"{name}={value}" for name, value in place.browser.cookies.items())
    visited = Visit(method="GET", path="/signout", cookie=cookie)
    assert b'<form method="post">' in answer(place.browser.login, visited).body
    assert place.browser.who is not None
    assert answer(place.browser.login, replace(visited, method="POST")).status == 303
    assert place.browser.who is None
    assert answer(place.browser.login, replace(visited, method="PUT", path="/signin")).status == 405


def test_who_is_not_signed_in_is_sent_there_and_back(place):
    visited = Visit(method="GET", path="/报告", query="a=1&b=//x")
    location = turn_away(place.browser.login, visited).header("Location") or ""
    assert location == "/signin?next=%2F%25E6%258A%25A5%25E5%2591%258A%3Fa%3D1%26b%3D%2F%2Fx"
    asked = Visit(method="GET", path="/signin", query=f"{urlsplit(location).query}&tenant=t1").asked
    assert place.browser.sign_in(onward=asked["next"]).location == "/%E6%8A%A5%E5%91%8A?a=1&b=//x"
    sent = turn_away(place.browser.login, replace(visited, method="POST"))
    assert (sent.status, sent.header("Location")) == (401, None)


def test_a_browser_that_begins_over_and_over_keeps_few_cookies(place):
    for _ in range(MOST_ATTEMPTS + 3):
        cookie = "; ".join(f"{name}={value}" for name, value in place.browser.cookies.items())
        response = answer(place.browser.login, Visit(method="GET", path="/signin", query="tenant=t1", cookie=cookie))
        for name, value in response.headers:
            if name == "Set-Cookie":
                ((key, text),) = cookies_in(value.partition(";")[0]).items()
                place.browser.cookies.pop(key, None)
                place.browser.cookies |= {key: text} if text else {}
    assert len(place.browser.cookies) <= MOST_ATTEMPTS


@given(st.text(), st.text())
def test_no_header_or_query_is_too_strange(header, query):
    visited = Visit(method="GET", path="/signin/callback", cookie=header, query=query)
    login = JointLogin(directory=MemoryDirectory(), secrets=secrets(), app_id="a1", callback=CALLBACK)
    assert answer(login, visited).status in {303, 400, 403, 404}


def test_a_callback_must_be_an_address(place):
    for wrong in ("/signin", "https://app.example.com", "ftp://app.example.com/x"):
        with pytest.raises(ValueError, match="is not an address like"):
            replace(place.browser.login, callback=wrong)
