"""Warns a seller whose server lowers the case of header names: KooGallery compares ``Body-Sign`` exactly."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from tradepost.protocols.commands import Fault, Query, Rejected, Unreachable
from tradepost.protocols.http import Response

from .answers import INTERNAL_ERROR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradepost.protocols.contract import SellerProtocol

log = logging.getLogger(__name__)

LOWERCASING_MODULE = "uvicorn.protocols.http.httptools_impl"
"""uvicorn loads it to serve with httptools, which it prefers to h11 if both are installed."""


def warn_if_lowered(versions: Sequence[SellerProtocol]) -> bool:
    """Warn if this process is a server that lowers the case of ``Body-Sign`` and one of these protocols needs it.

    Return whether the server does so. It may be loaded after the application, so callers repeat the check.
    """
    if LOWERCASING_MODULE not in sys.modules:
        return False
    affected_titles = [version.title.en for version in versions if is_case_sensitive(version)]
    if affected_titles:
        log.warning(
            "uvicorn with httptools sends body-sign for Body-Sign, and a market of %s takes such an answer for unsigned. "
            "Start it with --http h11 (in gunicorn: -k uvicorn.workers.UvicornH11Worker).",
            ", ".join(affected_titles),
        )
    return bool(affected_titles)


def is_case_sensitive(version: SellerProtocol) -> bool:
    """Return whether a market of this protocol would miss the signature of an answer with lower-case header names."""
    answer = version.answer(None, Rejected(code=INTERNAL_ERROR), key="any", nonce="0" * 32)
    lowered_response = Response(
        answer.status, tuple((name.lower(), value) for name, value in answer.headers), answer.body
    )
    result = version.decode(Query(instance_ids=("any",)), lowered_response, key="any", require_body_sign=True)
    return isinstance(result, Unreachable) and result.fault is Fault.BODY_SIGN_MISSING
