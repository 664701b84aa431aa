"""Find the application for which a person signs in, from the address that follows the sign-in."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from django.http import HttpRequest, HttpResponse

from tradepost.market.applications.models import Client
from tradepost.market.organisations.models import Enterprise

from . import client_proof
from .settings_of import market_address
from .tenant import allow_form_targets, enterprise_of, following_of, page


def client_in_address(following: str, enterprise: Enterprise) -> Client | None:
    """Return the client by ``client_id`` of an authorisation or ``service`` of CAS, only within this enterprise."""
    query = parse_qs(urlsplit(following).query)
    if client_id := query.get("client_id", [""])[0]:
        return client_proof.client_of(client_id, enterprise=enterprise.pk)
    return client_by_callback(query.get("service", [""])[0], enterprise)


def client_by_callback(service: str, enterprise: Enterprise) -> Client | None:
    """Return the client with this callback. Callbacks are unique within an enterprise (openapi-jointkit B.9)."""
    if not service or "\0" in service:
        return None
    return (
        Client.objects.select_related("application", "enterprise")
        .filter(enterprise=enterprise, callback=service)
        .first()
    )


def allow_next_address(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Allow the form of this page to lead to the callback of the requesting application, or to the enterprise's
    pages."""
    following = following_of(request)
    client = client_in_address(following, enterprise_of(request))
    urls = [client.callback] if client else []
    if following.startswith(page(request, "manage")):
        urls.append(market_address())
    return allow_form_targets(response, *urls) if urls else response
