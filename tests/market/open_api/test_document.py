"""The OpenAPI document: valid, complete, generated from the declarations of the views, and public."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from openapi_spec_validator import OpenAPIV31SpecValidator

from tradepost.market.open_api import seller_descriptions, urls
from tradepost.market.open_api.answers import ApiDeclaration
from tradepost.market.open_api.buyer_authentication import by_buyer_key
from tradepost.market.open_api.document import document
from tradepost.market.web.programs import PREFIXES
from tradepost.protocols.open_api import buyer_orders, buyer_purchases, buyer_services

ADDRESS = "/api/openapi.json"


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return document()


def test_document_is_valid(described: dict[str, Any]) -> None:
    errors = [error.message for error in OpenAPIV31SpecValidator(described).iter_errors()]
    assert errors == []
    assert described["openapi"].startswith("3.1")


def test_document_contains_every_api(described: dict[str, Any]) -> None:
    """The decorator requires a declaration of each view; a path without one is the gateway's 404 or the document itself."""

    def views(patterns: list[Any], before: str) -> Any:
        for pattern in patterns:
            path = before + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from views(pattern.url_patterns, path)
            elif isinstance(pattern, URLPattern) and path.partition("/")[0] in PREFIXES:
                yield path, pattern.callback

    views_by_path = dict(views(get_resolver().url_patterns, ""))
    apis = {path for path, view in views_by_path.items() if isinstance(getattr(view, "takes", None), ApiDeclaration)}
    other_paths = {path for path in views_by_path if path not in apis and not path.endswith(("/", "<path:rest>"))}
    assert other_paths == {ADDRESS[1:]}
    assert len(described["paths"]) == len(apis) > 20
    operations = [method["operationId"] for methods in described["paths"].values() for method in methods.values()]
    assert len(operations) == len(set(operations))


def test_document_has_the_paths_that_the_kit_calls(described: dict[str, Any]) -> None:
    wires = (buyer_orders, buyer_purchases, buyer_services)
    called = {
        value
        for wire in wires
        for name, value in vars(wire).items()
        if str(value).startswith("/api/") and name != "ROOT"
    }
    documented = {
        path for path, methods in described["paths"].items() if "Buyer" in methods.get("post", {}).get("tags", [])
    }
    assert called == documented
    assert len(called) == 11


def test_buyer_apis_name_their_key_and_permission(described: dict[str, Any]) -> None:
    for pattern in urls.urlpatterns:
        takes = getattr(pattern.callback, "takes", None)
        if takes is None or takes.authentication is not by_buyer_key:
            continue
        operation = described["paths"][f"/api/mkp-openapi-public/global/v1/{pattern.pattern}"]["post"]
        assert operation["security"] == [{"BuyerKey": []}]
        assert "Permission of the key: " in operation["description"]


def test_every_row_of_the_error_table_is_documented(described: dict[str, Any]) -> None:
    takes: ApiDeclaration = next(p for p in urls.urlpatterns if p.name == "order_query").callback.takes  # type: ignore[attr-defined]
    [operation] = [
        method for methods in described["paths"].values() for method in methods.values()
        if method["operationId"] == seller_descriptions.ORDER_QUERY.operation
    ]  # fmt: skip
    for error in takes.errors.table.values():
        assert f"{error.code} {error.message}" in operation["responses"][str(error.status)]["description"]
        assert error.code in json.dumps(operation["responses"][str(error.status)])


@pytest.mark.django_db
def test_document_is_public_and_cached(client: Client) -> None:
    answer = client.get(ADDRESS)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert json.loads(answer.content)["paths"]
    assert client.get(ADDRESS, headers={"if-none-match": answer["ETag"]}).status_code == 304
    assert client.post(ADDRESS).status_code == 404
