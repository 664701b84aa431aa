"""Gives a document that a seller handed in to its seller and to operators; for everybody else it does not exist."""

from __future__ import annotations

from urllib.parse import quote

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tradepost.market.assets.proofs import download

from .access import person
from .uploads import files

POLICY = "default-src 'none'; sandbox"


@require_safe
@never_cache
@login_required
def proof(request: HttpRequest, sha256: str) -> HttpResponse:
    """Always as a download: a browser that showed it would run in our name what a PDF may hold."""
    found = download(sha256, reader=person(request), files=files())
    if found is None:
        raise Http404
    answer = HttpResponse(found.content, content_type=found.kind)
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(found.name)}"
    answer["Content-Security-Policy"] = POLICY
    return answer
