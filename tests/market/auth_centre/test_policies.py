"""Rules of the auth centre without rows: locks, keys, addresses, answers of CAS, released personal data."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from tradepost.market.auth_centre import cas_answers, claims, hosts, key_rotation, redirects
from tradepost.market.auth_centre.cas_answers import Code, InvalidTicket, ValidTicket
from tradepost.market.auth_centre.key_rotation import Key
from tradepost.market.base.settings.auth_centre import AuthCentreSettings
from tradepost.market.identity.limits import Delays

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
DELAYS = Delays(name="x", by="name", free=4, first=timedelta(seconds=30), longest=timedelta(seconds=900))


def test_lock_begins_after_five_failures_and_doubles() -> None:
    """joint.md §4: 30, 60, 120, 240, 480, 900, 900 s."""
    assert [DELAYS.after(failures).seconds for failures in range(1, 12)] == [
        0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900,
    ]  # fmt: skip
    assert DELAYS.after(10_000) == DELAYS.longest


def test_failures_expire_a_day_after_their_lock() -> None:
    assert DELAYS.still_counted(7, NOW, NOW + timedelta(hours=23)) == 7
    assert DELAYS.still_counted(7, NOW, NOW + timedelta(hours=24)) == 0


def test_first_key_signs_at_once_and_the_next_is_published_an_hour_before() -> None:
    """joint.md §4: published T, signs T + 1 h, dropped 2 h + 5 min after its last signature."""
    interval = timedelta(days=90)
    assert key_rotation.next_signs_from([], every=interval, now=NOW) == NOW
    first = Key("a", NOW)
    due = NOW + interval - timedelta(hours=1)
    assert key_rotation.next_signs_from([first], every=interval, now=due - timedelta(seconds=1)) is None
    assert key_rotation.next_signs_from([first], every=interval, now=due) == due + timedelta(hours=1)
    second = Key("b", NOW + interval)
    keys = [second, first]
    assert key_rotation.next_signs_from(keys, every=interval, now=due) is None
    assert key_rotation.signing_key(keys, second.signs_from - timedelta(seconds=1)) == first
    assert key_rotation.signing_key(keys, second.signs_from) == second
    last = second.signs_from + timedelta(hours=2, minutes=5)
    assert key_rotation.published_keys(keys, last - timedelta(seconds=1)) == [first, second]
    assert key_rotation.published_keys(keys, last) == [second]
    assert key_rotation.published_keys([], NOW) == []
    assert key_rotation.signing_key([], NOW) is None


REGISTERED = "https://app.example/callback"


@pytest.mark.parametrize(
    "callback",
    [
        "https://app.example/callback/", "https://app.example/callback?x=1", "https://app.example/Callback",
        "https://app.example:443/callback", "http://app.example/callback", "https://app.example/callback#",
        "https://evil@app.example/callback", "https://app.example.evil.example/callback", "https://app.example/call%62ack",
        "https://app.example/callback ", "", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_callback_must_match_exactly(callback: str) -> None:
    """RFC 9700 §2.1, §4.1.3."""
    assert not redirects.is_callback(REGISTERED, callback)


def test_empty_callback_matches_nothing() -> None:
    assert redirects.is_callback(REGISTERED, REGISTERED)
    assert not redirects.is_callback("", "")


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://app.example/bye?x=1", True), ("https://app.example:443/", True), ("https://APP.example/", True),
        ("https://app.example.evil.example/", False), ("https://app.example@evil.example/", False),
        ("http://app.example/", False), ("https://app.example:8443/", False), ("//app.example/", False),
        ("https:app.example", False), ("javascript:alert(1)//https://app.example/", False), ("https://app.example\\@evil.example/", False),
        (" https://app.example/", False), ("https://app.example/\r\nSet-Cookie: a=b", False), ("https://[::1", False), ("", False),
    ],
)  # fmt: skip
def test_sign_out_may_lead_to_an_origin_of_a_callback(url: str, allowed: bool) -> None:
    """joint.md §9."""
    assert redirects.may_return_to(url, [REGISTERED, ""]) is allowed


@pytest.mark.parametrize(
    ("following", "target"),
    [
        ("/t/acme/", True), ("/t/acme/api/v1/oauth2/authorize?redirect_uri=https%3A%2F%2Fapp.example", True),
        ("/t/other/", False), ("//evil.example/t/acme/", False), ("https://evil.example/t/acme/", False), ("/t/acme", False),
        ("/t/acme/../../console/", False), ("/t/acme/..", False), ("/t/acme/\\evil", False), ("/t/acme/\n", False), ("", False),
    ],
)  # fmt: skip
def test_sign_in_stays_at_this_auth_centre(following: str, target: bool) -> None:
    """RFC 9700 §4.11: no open redirect."""
    assert bool(redirects.own_path(following, "/t/acme/")) is target


@pytest.mark.parametrize(
    ("url", "with_it"),
    [
        ("https://a.example/cb", "https://a.example/cb?code=1&state=a%26b"),
        ("https://a.example/cb?x=%20y", "https://a.example/cb?x=%20y&code=1&state=a%26b"),
        ("https://a.example/cb?", "https://a.example/cb?code=1&state=a%26b"),
        ("https://a.example/#/cb", "https://a.example/?code=1&state=a%26b#/cb"),
    ],
)
def test_added_parameters_keep_the_callback(url: str, with_it: str) -> None:
    assert redirects.with_parameters(url, {"code": "1", "state": "a&b", "none": ""}) == with_it
    assert redirects.with_parameters(url, {}) == url


def test_cas_answers_are_escaped_in_xml_and_json() -> None:
    """openapi-jointkit B.9; a name cannot break out of either format."""
    valid = ValidTicket("zhang01", {"isFromNewLogin": True, "name": "<张&三>\x01", "tenant": "t-1"})
    body, kind = cas_answers.write(valid, "xml")
    tree = ET.fromstring(body)
    cas = "{http://www.yale.edu/tp/cas}"
    success = tree.find(f"{cas}authenticationSuccess")
    assert (kind.split(";")[0], tree.tag) == ("application/xml", f"{cas}serviceResponse")
    assert success is not None
    assert success.findtext(f"{cas}user") == "zhang01"
    attributes = {element.tag.removeprefix(cas): element.text for element in success.iterfind(f"{cas}attributes/*")}
    assert attributes == {"isFromNewLogin": "true", "name": "<张&三>", "tenant": "t-1"}
    body, kind = cas_answers.write(valid, "json")
    assert (kind.split(";")[0], json.loads(body)) == (
        "application/json",
        {"serviceResponse": {"authenticationSuccess": {"user": "zhang01", "attributes": dict(valid.attributes)}}},
    )
    refused = InvalidTicket(Code.INVALID_TICKET, 'no "such" <ticket>')
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
def test_cas_format_is_chosen(named: str, default: cas_answers.Format, form: cas_answers.Format | None) -> None:
    assert cas_answers.parse_format(named, default) == form


@pytest.mark.parametrize(
    ("mobile", "masked"), [("13800000000", "138****0000"), ("+8613800000000", "+86****0000"), ("1234567", ""), ("", "")]
)
def test_mobile_number_is_masked(mobile: str, masked: str) -> None:
    """B.7: ``138****0000``."""
    assert claims.masked(mobile) == masked


def test_unreleased_fields_are_never_sent() -> None:
    person = claims.Person(
        public_id="p", user_name="zhang01", name="张三", email="z@acme.example", mobile="13800000000", role="user",
        department="HQ", department_code="D1", enterprise="Acme", tenant="t", released=frozenset(),
    )  # fmt: skip
    scopes = frozenset({"openid", "profile", "email", "phone"})
    sent_claims = json.dumps(
        [
            claims.userinfo(person, scopes), claims.openid(person, scopes), claims.orgid_userinfo(person),
            claims.cas_attributes(person, at=NOW, new_login=True), claims.orgid_attributes(person, at=NOW, new_login=True),
        ]
    )  # fmt: skip
    assert "z@acme.example" not in sent_claims
    assert "13800000000" not in sent_claims
    assert claims.openid(person, frozenset({"openid"})) == {"sub": "p", "tenant": "t"}


@pytest.mark.parametrize(
    ("url", "valid"),
    [
        ("", True), ("https://{code}.login.example", True), ("http://{code}.127.0.0.1.nip.example:8000", True),
        ("https://login.example/{code}", False), ("https://login.{code}.example", False), ("{code}.login.example", False),
        ("https://{code}.login.example/path", False),
    ],
)  # fmt: skip
def test_auth_centre_address_has_its_own_host_or_a_path_of_the_market(url: str, valid: bool) -> None:
    """B.1; a path on another company's host would share its cookies."""
    if valid:
        assert AuthCentreSettings(auth_centre_url=url).auth_centre_url == url
    else:
        with pytest.raises(ValueError, match=r"https://\{code\}"):
            AuthCentreSettings(auth_centre_url=url)


@pytest.mark.parametrize(
    ("host", "path", "target"),
    [
        ("acme.login.example:8000", "/api/v1/oauth2/token", "/t/acme/api/v1/oauth2/token"),
        ("ACME.Login.example:8000", "/", "/t/acme/"), ("acme.login.example:8000", "/t/acme/sign-in/", "/t/acme/sign-in/"),
        ("acme.login.example:8000", "/console/", "/t/acme/console/"), ("acme.login.example:8000", "/t/other/", "/t/acme/t/other/"),
        ("acme.login.example:8000", "/static/web/theme.css", "/static/web/theme.css"),
        ("market.example", "/api/v1/oauth2/token", "/api/v1/oauth2/token"), ("acme.login.example", "/", "/"),
        ("a.b.login.example:8000", "/", "/"), ("../.login.example:8000", "/", "/"),
    ],
)  # fmt: skip
def test_auth_centre_host_serves_no_other_pages(host: str, path: str, target: str) -> None:
    """joint.md §1: ``/api/v1/oauth2/authorize`` on a tenant's host is a page, and no API."""
    assert hosts.map_host({"HTTP_HOST": host, "PATH_INFO": path}, "login.example:8000")["PATH_INFO"] == target
    assert hosts.map_host({"HTTP_HOST": host, "PATH_INFO": path}, "")["PATH_INFO"] == path
