"""Gives a document that somebody sent in to those who may see it; for everybody else it does not exist."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tradepost.market.assets import file_scans
from tradepost.market.assets.models import Proof
from tradepost.market.assets.proofs import readable_proof

from .access import person
from .sending_files import send_file
from .uploads import files

POLICY = "default-src 'none'; sandbox"


@require_safe
@never_cache
@login_required
def proof(request: HttpRequest, sha256: str) -> HttpResponse:
    return given(readable_proof(sha256, reader=person(request)))


def given(proof: Proof | None) -> HttpResponse:
    """Always as a download: a browser that showed it would run in our name what a PDF may hold. Raises ``Refused`` for a document
    with malware, and ``Http404`` for none."""
    if proof is None:
        raise Http404
    file_scans.must_be_harmless(proof.sha256)
    if not files().has(proof.sha256):
        raise Http404
    answer = send_file(files().path(proof.sha256), name=proof.name, content_type=proof.kind)
    answer["Content-Security-Policy"] = POLICY
    return answer
