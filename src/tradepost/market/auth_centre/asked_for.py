"""Which application somebody came from, as the address says where they go after signing in."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from django.http import HttpRequest, HttpResponse

from tradepost.market.applications.models import Client
from tradepost.market.organisations.models import Enterprise

from . import client_proof
from .settings_of import market_address
from .tenant import enterprise_of, following_of, leads_to, page


def client_in(following: str, enterprise: Enterprise) -> Client | None:
    """By ``client_id`` of an authorisation, or ``service`` of CAS; of this enterprise's applications only."""
    query = parse_qs(urlsplit(following).query)
    if client_id := query.get("client_id", [""])[0]:
        return client_proof.client_of(client_id, enterprise=enterprise.pk)
    return client_by_callback(query.get("service", [""])[0], enterprise)


def client_by_callback(service: str, enterprise: Enterprise) -> Client | None:
    """An enterprise has no two applications with one callback (openapi-jointkit B.9)."""
    if not service or "\0" in service:
        return None
    return (
        Client.objects.select_related("application", "enterprise")
        .filter(enterprise=enterprise, callback=service)
        .first()
    )


def leading_on(request: HttpRequest, answer: HttpResponse) -> HttpResponse:
    """The form of this page may end at the callback of the application that asked, or at the pages of the enterprise."""
    following = following_of(request)
    client = client_in(following, enterprise_of(request))
    urls = [client.callback] if client else []
    if following.startswith(page(request, "manage")):
        urls.append(market_address())
    return leads_to(answer, *urls) if urls else answer
