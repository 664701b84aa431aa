"""Who is let in, and what a directory may ask about the service itself (RFC 7644 §2, §4; RFC 6750 §3)."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import NOW
from tests.factories.organisations import make_managed
from tests.market.scim.directory import CORE, ENTERPRISE, GROUP, Directory, kept, make_directory
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.organisations import directory_tokens, enterprise, groups, members
from tradepost.market.organisations.models import DirectoryToken

pytestmark = pytest.mark.django_db


@pytest.fixture
def directory() -> Directory:
    return make_directory()


def test_only_the_token_of_the_enterprise_opens_it(directory: Directory) -> None:
    other = make_directory()
    before = kept()
    for secret in (
        "",
        "nobodys",
        directory.secret + "x",
        other.secret,
        "tps_" + "ä" * 43,
        "x" * 5000,
        directory.token.token_hash,
    ):
        for method, path in (
            ("GET", "Users"),
            ("POST", "Users"),
            ("GET", "nothing"),
            ("DELETE", "ServiceProviderConfig"),
        ):
            answer = directory.ask(method, path, {"userName": "x"}, secret=secret)
            assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="scim"')
            assert answer["Content-Type"] == "application/scim+json"
    assert Client().get(f"/t/{directory.enterprise.code}/scim/v2/Users").status_code == 401
    assert kept() == before


def test_what_belongs_to_another_enterprise_is_not_there(directory: Directory) -> None:
    other = make_directory()
    theirs = make_managed(other.admin, "theirs").member
    group = groups.add(other.enterprise, "Theirs", by=other.admin, most=9, now=NOW)
    for path in (f"Users/{theirs.public_id}", f"Groups/{group.pk}"):
        for method in ("GET", "DELETE"):
            directory.told(method, path, status=404)
        directory.told("PUT", path, {"userName": "theirs", "displayName": "x"}, status=404)
        directory.patch(path, {"op": "replace", "path": "displayName", "value": "x"}, status=404)
    assert directory.told("GET", f'Users?filter=id eq "{theirs.public_id}"')["totalResults"] == 0
    assert directory.told("GET", f'Groups?filter=id eq "{group.pk}"')["totalResults"] == 0


def test_a_revoked_token_and_a_dissolved_enterprise_open_nothing(directory: Directory) -> None:
    directory_tokens.revoke(directory.enterprise, directory.token.pk, by=directory.admin, now=NOW)
    assert directory.ask("GET", "Users").status_code == 401
    other = make_directory()
    enterprise.dissolve(other.enterprise, by=other.admin, typed=other.enterprise.code, now=NOW)
    assert other.ask("GET", "Users").status_code == 401


def test_what_begins_before_a_revocation_ends_with_it(directory: Directory) -> None:
    """The token is asked for again behind the lock of the enterprise."""
    one = make_managed(directory.admin, "one").member
    directory_tokens.revoke(directory.enterprise, directory.token.pk, by=directory.admin, now=NOW)
    before = kept()
    with pytest.raises(Refused) as refused:
        members.remove(one, by=directory.token, now=NOW)
    assert (refused.value.status, kept()) == (401, before)


def test_the_secret_is_kept_nowhere_and_its_use_is_noted(directory: Directory) -> None:
    [row] = DirectoryToken.objects.filter(pk=directory.token.pk).values()
    assert directory.secret not in str(row)
    assert row["used_at"] is None
    directory.told("GET", "ServiceProviderConfig")
    used = DirectoryToken.objects.get(pk=directory.token.pk).used_at
    assert used is not None
    directory.told("GET", "ServiceProviderConfig")
    assert DirectoryToken.objects.get(pk=directory.token.pk).used_at == used


def test_calls_are_counted(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    fewer = config().model_copy(update={"directory_calls_a_minute": 2})
    monkeypatch.setattr("tradepost.market.scim.calls.config", lambda: fewer)
    for _ in range(2):
        directory.told("GET", "ResourceTypes")
    answer = directory.ask("POST", "Users", {"userName": "x"})
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 60


def test_bodies_are_bounded_and_json(directory: Directory) -> None:
    address = f"/t/{directory.enterprise.code}/scim/v2/Users"
    headers = {"authorization": f"Bearer {directory.secret}"}
    before = kept()
    for body, kind, status in (
        (b"{", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"userName": "\xff"}', "application/json", 400),
        (b"userName=x", "application/x-www-form-urlencoded", 415),
        (b" " * (1024 * 1024 + 1), "application/scim+json", 413),
    ):
        answer = Client().post(address, body, content_type=kind, headers=headers)
        assert answer.status_code == status, body[:20]
        assert answer["Content-Type"] == "application/scim+json"
    assert kept() == before


def test_what_is_no_address_and_no_method(directory: Directory) -> None:
    for path in (
        "",
        "Users/1/2",
        "Schemas/x",
        "Users/%C3%A4",
        "Groups/x",
        "Groups/" + "9" * 40,
    ):
        directory.told("GET", path, status=404)
    for path in ("Bulk", "Me"):
        for method in ("GET", "POST", "PATCH"):
            assert directory.ask(method, path, {}).status_code == 501, path  # RFC 7644 §3.7, §3.11
    assert directory.ask("GET", "Users/.search")["Allow"] == "POST"
    assert directory.ask("PUT", "Users", {})["Allow"] == "GET, POST"
    for path in ("Schemas", "ResourceTypes"):
        directory.told("GET", f'{path}?filter=id eq "x"', status=403)  # §4
    answer = directory.ask("GET", "Users?filter=userName%20eq%20%22a%00%22")
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidFilter")
    assert directory.ask("DELETE", "Schemas").status_code == 405


def test_what_the_service_says_of_itself(directory: Directory) -> None:
    """RFC 7643 §5 to §7."""
    provider = directory.told("GET", "ServiceProviderConfig")
    assert (provider["patch"]["supported"], provider["bulk"]["supported"]) == (True, False)
    assert provider["filter"] == {"supported": True, "maxResults": 200}
    types = directory.told("GET", "ResourceTypes")
    assert [one["id"] for one in types["Resources"]] == ["User", "Group"]
    assert directory.told("GET", "ResourceTypes/User") == types["Resources"][0]
    found = directory.told("GET", "Schemas")
    assert [one["id"] for one in found["Resources"]] == [CORE, ENTERPRISE, GROUP]
    for one in found["Resources"]:
        assert directory.told("GET", f"Schemas/{one['id']}") == one


def test_a_list_takes_as_many_statements_as_one_member(directory: Directory) -> None:
    directory.told("GET", "Users")  # the use of the token is noted with the first call
    with CaptureQueriesContext(connection) as of_one:
        assert len(directory.told("GET", "Users")["Resources"]) == 1
    for number in range(5):
        make_managed(directory.admin, f"user{number}", now=clock.now())
    with CaptureQueriesContext(connection) as of_six:
        assert len(directory.told("GET", "Users")["Resources"]) == 6
    assert len(of_six) == len(of_one)
