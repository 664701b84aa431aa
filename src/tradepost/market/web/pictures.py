"""Serves the sizes of pictures: for ever to everybody once something visible refers to one, else to its seller only."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from tradepost.market.assets.pictures import show
from tradepost.market.identity.models import User

from .uploads import files

POLICY = "default-src 'none'; sandbox"
"""A picture that is opened by itself may load and run nothing."""
A_YEAR = 31_536_000


@require_safe
def picture(request: HttpRequest, sha256: str, variant: str) -> HttpResponse:
    """The hash names what is in it, so a public one never changes."""
    shown = show(sha256, variant, reader=lambda: _reader(request), files=files())
    if shown is None:
        raise Http404
    answer = HttpResponse(shown.content, content_type="image/webp")
    if shown.public:
        patch_cache_control(answer, public=True, max_age=A_YEAR, immutable=True)
    else:
        patch_cache_control(answer, private=True, max_age=300)
    answer["Content-Security-Policy"] = POLICY
    return answer


def _reader(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None
