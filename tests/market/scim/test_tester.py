"""``scim2-tester``, a checker of others, against a directory's address (RFC 7643, RFC 7644)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test.client import ClientHandler
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import Status, check_server

from tests.market.scim.directory import make_directory

pytestmark = pytest.mark.django_db


def pages(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """The market as a WSGI application that keeps the connection of the test."""
    answer: Any = ClientHandler()(environ)
    start_response(f"{answer.status_code} {answer.reason_phrase}", list(answer.items()))
    return [answer.content]


def test_scim2_tester_finds_no_error() -> None:
    directory = make_directory()
    address = f"http://127.0.0.1:8000/t/{directory.enterprise.code}/scim/v2"
    client = WSGISCIMClient(pages, address, {"Authorization": f"Bearer {directory.secret}"})
    results = check_server(client)
    assert {one.resource_type for one in results} >= {"User", "Group"}
    wrong = [f"{one.title} {one.resource_type}: {one.reason}" for one in results if one.status != Status.SUCCESS]
    assert wrong == [], "\n".join(wrong)
