"""Serves the market's icon for content that is not a page, such as an API description, a PDF or a picture.

Pages link the icon themselves. For other content, browsers request ``/favicon.ico``.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.templatetags.static import static
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from tradepost.market.branding.face import current


@require_safe
def favicon(_request: HttpRequest) -> HttpResponse:
    """Redirect to the icon of the branding, otherwise to the default icon. Both addresses change with their content."""
    icon = current().icon
    response = HttpResponseRedirect(reverse("web:picture", args=[icon, "card"]) if icon else static("web/icon.svg"))
    patch_cache_control(response, public=True, max_age=3600)
    return response
