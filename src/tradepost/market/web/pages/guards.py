"""Guards of pages: audience, methods and caching. Lists are registered together with their guard.

The seller center has its own guards, since its members have rights by menu.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tradepost.market.exports.models import Export
from tradepost.market.identity.console_roles import is_permitted
from tradepost.market.web.access import buyer_required, operator_required

from . import downloads, export_audit, registry
from .listing import Listing, Render

type View = Callable[..., HttpResponseBase]
private = cache_control(private=True, no_store=True)
"""Forbids copies in browsers and proxies."""


def buyer_page(view: View) -> View:
    """Guard a page that a signed-in person reads."""
    return buyer_required(private(require_safe(view)))


def buyer_form(view: View) -> View:
    """Guard a page with a form of a signed-in person, submitted to the same address."""
    return buyer_required(private(require_http_methods(["GET", "HEAD", "POST"])(view)))


def buyer_act(view: View) -> View:
    """Guard an address that processes a form of a signed-in person."""
    return buyer_required(private(require_POST(view)))


def buyer_list(listing: Listing[Any, Any]) -> View:
    """Return the guarded page of a list that belongs to a signed-in person."""
    return buyer_required(
        require_safe(listing_view(listing, render_plain, lambda _request, export: export.user.is_active))
    )


def operator_list(listing: Listing[Any, Any]) -> View:
    """Return the guarded page of a list of the whole market. Its downloads are recorded in the audit log."""

    def view(request: HttpRequest, **arguments: Any) -> HttpResponse:
        response = inner(request, **arguments)
        if downloads.is_download(request) and "Content-Disposition" in response:
            export_audit.record_download(request, listing.name)
        return response

    def admit(_request: HttpRequest, export: Export) -> bool:
        return export.user.is_active and is_permitted(export.user.operator_role, listing.name.partition(":")[2])

    inner = listing_view(listing, render_plain, admit)
    return operator_required(require_safe(view))


def listing_view(listing: Listing[Any, Any], render_page: Render, admit: registry.Admit) -> Callable[..., HttpResponse]:
    """Return the view of a list, and register the list for exports."""
    registry.register(listing, admit)

    def view(request: HttpRequest, **arguments: Any) -> HttpResponse:
        del arguments  # sources read them from ``request.resolver_match``
        if downloads.is_download(request):
            return downloads.download(listing, request, render_page)
        return listing.view(request, render_page)

    return view


def render_plain(request: HttpRequest, template: str, context: Mapping[str, Any], status: int) -> HttpResponse:
    return render(request, template, dict(context), status=status)
