"""``scim2-tester``, an independent conformance tester, against a directory's address (RFC 7643, RFC 7644)."""

from __future__ import annotations

from typing import Any

import pytest
from django.test.client import ClientHandler
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import Status, check_server

from tests.market.scim.directory import make_directory

pytestmark = pytest.mark.django_db


def pages(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Serve the market as a WSGI application that keeps the connection of the test."""
    answer: Any = ClientHandler()(environ)
    start_response(f"{answer.status_code} {answer.reason_phrase}", list(answer.items()))
    return [answer.content]


@pytest.mark.slow
def test_scim2_tester_finds_no_error() -> None:
    directory = make_directory()
    address = f"http://127.0.0.1:8000/t/{directory.enterprise.code}/scim/v2"
    client = WSGISCIMClient(pages, address, {"Authorization": f"Bearer {directory.secret}"})
    results = check_server(client)
    assert {result.resource_type for result in results} >= {"User", "Group"}
    wrong = [
        f"{result.title} {result.resource_type}: {result.reason}"
        for result in results
        if result.status != Status.SUCCESS
    ]
    assert wrong == [], "\n".join(wrong)
