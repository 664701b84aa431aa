"""Serves the stylesheet with the market's colours. Its address contains the main colour, so pages need no inline style."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from tradepost.market.branding import colours

DAY_SECONDS = 86_400


@require_safe
def stylesheet(request: HttpRequest, colour: str) -> HttpResponse:
    """Return the stylesheet of a colour in six hexadecimal digits; 404 for a colour on which white text is not
    readable."""
    del request
    try:
        parts = colours.parse(f"#{colour}")
    except ValueError:
        raise Http404 from None
    if not colours.is_readable(parts):
        raise Http404
    response = HttpResponse(colours.stylesheet(parts), content_type="text/css; charset=utf-8")
    patch_cache_control(response, public=True, max_age=DAY_SECONDS)
    return response
