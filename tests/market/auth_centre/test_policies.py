"""The rules of the auth centre that need no rows: locks, keys, addresses, answers of CAS, what is told of a person."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from tradepost.market.auth_centre import cas_answers, claims, hosts, key_rotation, redirects
from tradepost.market.auth_centre.cas_answers import Code, NotValid, Valid
from tradepost.market.auth_centre.key_rotation import Key
from tradepost.market.auth_centre.lockout import Lockout, still_counted
from tradepost.market.base.auth_centre_settings import AuthCentreSettings

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
LOCKOUT = Lockout(free=5, first=timedelta(seconds=30), most=timedelta(seconds=900))


def test_a_lock_begins_after_five_failures_and_doubles() -> None:
    """joint.md §4: 30, 60, 120, 240, 480, 900, 900 s."""
    assert [LOCKOUT.after(failures).seconds for failures in range(1, 12)] == [
        0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900,
    ]  # fmt: skip
    assert LOCKOUT.after(10_000) == LOCKOUT.most


def test_failures_are_forgotten_a_day_after_their_lock() -> None:
    assert still_counted(7, NOW, NOW + timedelta(hours=23)) == 7
    assert still_counted(7, NOW, NOW + timedelta(hours=24)) == 0


def test_the_first_key_signs_at_once_and_the_next_is_published_an_hour_before() -> None:
    """joint.md §4: published T, signs T + 1 h, dropped 2 h + 5 min after its last signature."""
    every = timedelta(days=90)
    assert key_rotation.next_signs_from([], every=every, now=NOW) == NOW
    first = Key("a", NOW)
    due = NOW + every - timedelta(hours=1)
    assert key_rotation.next_signs_from([first], every=every, now=due - timedelta(seconds=1)) is None
    assert key_rotation.next_signs_from([first], every=every, now=due) == due + timedelta(hours=1)
    second = Key("b", NOW + every)
    keys = [second, first]
    assert key_rotation.next_signs_from(keys, every=every, now=due) is None
    assert key_rotation.signing(keys, second.signs_from - timedelta(seconds=1)) == first
    assert key_rotation.signing(keys, second.signs_from) == second
    last = second.signs_from + timedelta(hours=2, minutes=5)
    assert key_rotation.published(keys, last - timedelta(seconds=1)) == [first, second]
    assert key_rotation.published(keys, last) == [second]
    assert key_rotation.published([], NOW) == []
    assert key_rotation.signing([], NOW) is None


REGISTERED = "https://app.example/callback"


@pytest.mark.parametrize(
    "given",
    [
        "https://app.example/callback/", "https://app.example/callback?x=1", "https://app.example/Callback",
        "https://app.example:443/callback", "http://app.example/callback", "https://app.example/callback#",
        "https://evil@app.example/callback", "https://app.example.evil.example/callback", "https://app.example/call%62ack",
        "https://app.example/callback ", "", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_a_callback_is_the_registered_one_character_by_character(given: str) -> None:
    """RFC 9700 §2.1, §4.1.3."""
    assert not redirects.is_callback(REGISTERED, given)


def test_an_empty_callback_matches_nothing() -> None:
    assert redirects.is_callback(REGISTERED, REGISTERED)
    assert not redirects.is_callback("", "")


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://app.example/bye?x=1", True), ("https://app.example:443/", True), ("https://APP.example/", True),
        ("https://app.example.evil.example/", False), ("https://app.example@evil.example/", False),
        ("http://app.example/", False), ("https://app.example:8443/", False), ("//app.example/", False),
        ("https:app.example", False), ("javascript:alert(1)//https://app.example/", False), ("https://app.example\\@evil.example/", False),
        (" https://app.example/", False), ("https://app.example/\r\nSet-Cookie: a=b", False), ("https://[::1", False), ("", False),
    ],
)  # fmt: skip
def test_after_signing_out_one_may_go_to_an_origin_of_a_callback(url: str, may: bool) -> None:
    """joint.md §9."""
    assert redirects.may_return_to(url, [REGISTERED, ""]) is may


@pytest.mark.parametrize(
    ("following", "goes"),
    [
        ("/t/acme/", True), ("/t/acme/api/v1/oauth2/authorize?redirect_uri=https%3A%2F%2Fapp.example", True),
        ("/t/other/", False), ("//evil.example/t/acme/", False), ("https://evil.example/t/acme/", False), ("/t/acme", False),
        ("/t/acme/../../console/", False), ("/t/acme/..", False), ("/t/acme/\\evil", False), ("/t/acme/\n", False), ("", False),
    ],
)  # fmt: skip
def test_after_signing_in_one_stays_at_this_auth_centre(following: str, goes: bool) -> None:
    """RFC 9700 §4.11: no open redirect."""
    assert bool(redirects.own_path(following, "/t/acme/")) is goes


@pytest.mark.parametrize(
    ("url", "with_it"),
    [
        ("https://a.example/cb", "https://a.example/cb?code=1&state=a%26b"),
        ("https://a.example/cb?x=%20y", "https://a.example/cb?x=%20y&code=1&state=a%26b"),
        ("https://a.example/cb?", "https://a.example/cb?code=1&state=a%26b"),
        ("https://a.example/#/cb", "https://a.example/?code=1&state=a%26b#/cb"),
    ],
)
def test_what_is_added_leaves_the_rest_of_a_callback_as_it_stands(url: str, with_it: str) -> None:
    assert redirects.with_parameters(url, {"code": "1", "state": "a&b", "none": ""}) == with_it
    assert redirects.with_parameters(url, {}) == url


def test_cas_answers_in_xml_and_json() -> None:
    """openapi-jointkit B.9; what is in a name breaks out of neither."""
    valid = Valid("zhang01", {"isFromNewLogin": True, "name": "<张&三>\x01", "tenant": "t-1"})
    body, kind = cas_answers.write(valid, "xml")
    tree = ET.fromstring(body)
    cas = "{http://www.yale.edu/tp/cas}"
    success = tree.find(f"{cas}authenticationSuccess")
    assert (kind.split(";")[0], tree.tag) == ("application/xml", f"{cas}serviceResponse")
    assert success is not None
    assert success.findtext(f"{cas}user") == "zhang01"
    told = {one.tag.removeprefix(cas): one.text for one in success.iterfind(f"{cas}attributes/*")}
    assert told == {"isFromNewLogin": "true", "name": "<张&三>", "tenant": "t-1"}
    body, kind = cas_answers.write(valid, "json")
    assert (kind.split(";")[0], json.loads(body)) == (
        "application/json",
        {"serviceResponse": {"authenticationSuccess": {"user": "zhang01", "attributes": dict(valid.attributes)}}},
    )
    refused = NotValid(Code.INVALID_TICKET, 'no "such" <ticket>')
    failure = ET.fromstring(cas_answers.write(refused, "xml")[0]).find(f"{cas}authenticationFailure")
    assert failure is not None
    assert (failure.get("code"), failure.text) == ("INVALID_TICKET", 'no "such" <ticket>')
    assert json.loads(cas_answers.write(refused, "json")[0]) == {
        "serviceResponse": {"authenticationFailure": {"code": "INVALID_TICKET", "description": 'no "such" <ticket>'}}
    }


@pytest.mark.parametrize(
    ("named", "default", "form"),
    [("JSON", "xml", "json"), ("XML", "json", "xml"), (" xml ", "json", "xml"), ("", "json", "json"), ("yaml", "xml", None), (" ", "xml", None)],
)  # fmt: skip
def test_the_format_of_cas(named: str, default: cas_answers.Format, form: cas_answers.Format | None) -> None:
    assert cas_answers.asked_format(named, default) == form


@pytest.mark.parametrize(
    ("mobile", "shown"), [("13800000000", "138****0000"), ("+8613800000000", "+86****0000"), ("1234567", ""), ("", "")]
)
def test_a_mobile_number_is_masked(mobile: str, shown: str) -> None:
    """B.7: ``138****0000``."""
    assert claims.masked(mobile) == shown


def test_what_is_not_released_is_told_nowhere() -> None:
    person = claims.Person(
        public_id="p", user_name="zhang01", name="张三", email="z@acme.example", mobile="13800000000", role="user",
        department="HQ", department_code="D1", enterprise="Acme", tenant="t", released=frozenset(),
    )  # fmt: skip
    scopes = frozenset({"openid", "profile", "email", "phone"})
    told = json.dumps(
        [
            claims.userinfo(person, scopes), claims.openid(person, scopes), claims.orgid_userinfo(person),
            claims.cas_attributes(person, at=NOW, new_login=True), claims.orgid_attributes(person, at=NOW, new_login=True),
        ]
    )  # fmt: skip
    assert "z@acme.example" not in told
    assert "13800000000" not in told
    assert claims.openid(person, frozenset({"openid"})) == {"sub": "p", "tenant": "t"}


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("", True), ("https://{code}.login.example", True), ("http://{code}.127.0.0.1.nip.example:8000", True),
        ("https://login.example/{code}", False), ("https://login.{code}.example", False), ("{code}.login.example", False),
        ("https://{code}.login.example/path", False),
    ],
)  # fmt: skip
def test_an_auth_centre_has_a_host_of_its_own_or_a_path_of_the_markets(url: str, good: bool) -> None:
    """B.1; a path of somebody else's host would share its cookies."""
    if good:
        assert AuthCentreSettings(auth_centre_url=url).auth_centre_url == url
    else:
        with pytest.raises(ValueError, match=r"https://\{code\}"):
            AuthCentreSettings(auth_centre_url=url)


@pytest.mark.parametrize(
    ("host", "path", "goes"),
    [
        ("acme.login.example:8000", "/api/v1/oauth2/token", "/t/acme/api/v1/oauth2/token"),
        ("ACME.Login.example:8000", "/", "/t/acme/"), ("acme.login.example:8000", "/t/acme/sign-in/", "/t/acme/sign-in/"),
        ("acme.login.example:8000", "/console/", "/t/acme/console/"), ("acme.login.example:8000", "/t/other/", "/t/acme/t/other/"),
        ("acme.login.example:8000", "/static/web/theme.css", "/static/web/theme.css"),
        ("market.example", "/api/v1/oauth2/token", "/api/v1/oauth2/token"), ("acme.login.example", "/", "/"),
        ("a.b.login.example:8000", "/", "/"), ("../.login.example:8000", "/", "/"),
    ],
)  # fmt: skip
def test_at_its_own_host_an_auth_centre_has_no_other_pages(host: str, path: str, goes: str) -> None:
    """joint.md §1: ``/api/v1/oauth2/authorize`` on a tenant's host is a page, and no API."""
    assert hosts.lead({"HTTP_HOST": host, "PATH_INFO": path}, "login.example:8000")["PATH_INFO"] == goes
    assert hosts.lead({"HTTP_HOST": host, "PATH_INFO": path}, "")["PATH_INFO"] == path
