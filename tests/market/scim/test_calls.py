"""Access of a directory, and what it can ask about the service itself (RFC 7644 §2, §4; RFC 6750 §3)."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.configured import changed
from tests.factories import NOW
from tests.factories.organisations import make_managed
from tests.market.scim.directory import CORE, ENTERPRISE, GROUP, Directory, make_directory, stored_state
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.organisations import directory_tokens, enterprise, groups, members
from tradepost.market.organisations.models import DirectoryToken

pytestmark = pytest.mark.django_db


@pytest.fixture
def directory() -> Directory:
    return make_directory()


def test_only_the_enterprises_token_is_accepted(directory: Directory) -> None:
    other = make_directory()
    before = stored_state()
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
    assert stored_state() == before


def test_data_of_another_enterprise_is_not_found(directory: Directory) -> None:
    other = make_directory()
    theirs = make_managed(other.admin, "theirs").member
    group = groups.add(other.enterprise, "Theirs", by=other.admin, most=9, now=NOW)
    for path in (f"Users/{theirs.public_id}", f"Groups/{group.pk}"):
        for method in ("GET", "DELETE"):
            directory.request(method, path, status=404)
        directory.request("PUT", path, {"userName": "theirs", "displayName": "x"}, status=404)
        directory.patch(path, {"op": "replace", "path": "displayName", "value": "x"}, status=404)
    assert directory.request("GET", f'Users?filter=id eq "{theirs.public_id}"')["totalResults"] == 0
    assert directory.request("GET", f'Groups?filter=id eq "{group.pk}"')["totalResults"] == 0


def test_revoked_token_and_dissolved_enterprise_are_refused(directory: Directory) -> None:
    directory_tokens.revoke(directory.enterprise, directory.token.pk, by=directory.admin, now=NOW)
    assert directory.ask("GET", "Users").status_code == 401
    other = make_directory()
    enterprise.end(other.enterprise, now=NOW)
    assert other.ask("GET", "Users").status_code == 401


def test_request_started_before_a_revocation_is_refused(directory: Directory) -> None:
    """The token is checked again behind the lock of the enterprise."""
    member = make_managed(directory.admin, "one").member
    directory_tokens.revoke(directory.enterprise, directory.token.pk, by=directory.admin, now=NOW)
    before = stored_state()
    with pytest.raises(Refused) as refused:
        members.remove(member, by=directory.token, now=NOW)
    assert (refused.value.status, stored_state()) == (401, before)


def test_secret_is_not_stored_and_its_use_is_recorded(directory: Directory) -> None:
    [row] = DirectoryToken.objects.filter(pk=directory.token.pk).values()
    assert directory.secret not in str(row)
    assert row["used_at"] is None
    directory.request("GET", "ServiceProviderConfig")
    used = DirectoryToken.objects.get(pk=directory.token.pk).used_at
    assert used is not None
    directory.request("GET", "ServiceProviderConfig")
    assert DirectoryToken.objects.get(pk=directory.token.pk).used_at == used


def test_calls_are_rate_limited(directory: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    fewer = changed(config(), directory_calls_a_minute=2)
    monkeypatch.setattr("tradepost.market.scim.calls.config", lambda: fewer)
    for _ in range(2):
        directory.request("GET", "ResourceTypes")
    answer = directory.ask("POST", "Users", {"userName": "x"})
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= 60


def test_body_must_be_json_of_limited_size(directory: Directory) -> None:
    address = f"/t/{directory.enterprise.code}/scim/v2/Users"
    headers = {"authorization": f"Bearer {directory.secret}"}
    before = stored_state()
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
    assert stored_state() == before


def test_unknown_address_and_method_are_refused(directory: Directory) -> None:
    for path in (
        "",
        "Users/1/2",
        "Schemas/x",
        "Users/%C3%A4",
        "Groups/x",
        "Groups/" + "9" * 40,
    ):
        directory.request("GET", path, status=404)
    for path in ("Bulk", "Me"):
        for method in ("GET", "POST", "PATCH"):
            assert directory.ask(method, path, {}).status_code == 501, path  # RFC 7644 §3.7, §3.11
    assert directory.ask("GET", "Users/.search")["Allow"] == "POST"
    assert directory.ask("PUT", "Users", {})["Allow"] == "GET, POST"
    for path in ("Schemas", "ResourceTypes"):
        directory.request("GET", f'{path}?filter=id eq "x"', status=403)  # §4
    answer = directory.ask("GET", "Users?filter=userName%20eq%20%22a%00%22")
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidFilter")
    assert directory.ask("DELETE", "Schemas").status_code == 405


def test_service_describes_itself(directory: Directory) -> None:
    """RFC 7643 §5 to §7."""
    provider = directory.request("GET", "ServiceProviderConfig")
    assert (provider["patch"]["supported"], provider["bulk"]["supported"]) == (True, False)
    assert provider["filter"] == {"supported": True, "maxResults": 200}
    types = directory.request("GET", "ResourceTypes")
    assert [resource["id"] for resource in types["Resources"]] == ["User", "Group"]
    assert directory.request("GET", "ResourceTypes/User") == types["Resources"][0]
    response = directory.request("GET", "Schemas")
    assert [resource["id"] for resource in response["Resources"]] == [CORE, ENTERPRISE, GROUP]
    for resource in response["Resources"]:
        assert directory.request("GET", f"Schemas/{resource['id']}") == resource


def test_list_takes_as_many_statements_as_one_member(directory: Directory) -> None:
    directory.request("GET", "Users")  # the first call records the use of the token
    with CaptureQueriesContext(connection) as of_one:
        assert len(directory.request("GET", "Users")["Resources"]) == 1
    for number in range(5):
        make_managed(directory.admin, f"user{number}", now=clock.now())
    with CaptureQueriesContext(connection) as of_six:
        assert len(directory.request("GET", "Users")["Resources"]) == 6
    assert len(of_six) == len(of_one)
