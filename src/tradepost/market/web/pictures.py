"""Serves pictures in their sizes: publicly and cached once visible content refers to them, otherwise only to their
seller."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from tradepost.market.assets.pictures import show
from tradepost.market.identity.models import User

from .uploads import files

POLICY = "default-src 'none'; sandbox"
"""A picture opened in a tab may load and run nothing."""
YEAR_SECONDS = 31_536_000


@require_safe
def picture(request: HttpRequest, sha256: str, variant: str) -> HttpResponse:
    """Return a size of a picture. The address contains the content's hash, so a public picture never changes."""
    picture_file = show(sha256, variant, reader=lambda: _reader(request), files=files())
    if picture_file is None:
        raise Http404
    response = HttpResponse(picture_file.content, content_type="image/webp")
    if picture_file.public:
        patch_cache_control(response, public=True, max_age=YEAR_SECONDS, immutable=True)
    else:
        patch_cache_control(response, private=True, max_age=300)
    response["Content-Security-Policy"] = POLICY
    return response


def _reader(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None
