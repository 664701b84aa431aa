"""Serves an uploaded document to authorised readers; others get 404."""

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
    return proof_download(readable_proof(sha256, reader=person(request)))


def proof_download(proof: Proof | None) -> HttpResponse:
    """Return the document as a download: a PDF shown inline could run content in the market's origin. Raises
    ``Refused`` for a document with malware, and ``Http404`` for None."""
    if proof is None:
        raise Http404
    file_scans.check_not_infected(proof.sha256)
    if not files().has(proof.sha256):
        raise Http404
    response = send_file(files().path(proof.sha256), name=proof.name, content_type=proof.kind)
    response["Content-Security-Policy"] = POLICY
    return response
