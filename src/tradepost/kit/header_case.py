"""Tells a seller that its server writes header names in lower case: KooGallery reads ``Body-Sign`` with its capitals."""

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

LOWERING = "uvicorn.protocols.http.httptools_impl"
"""Loaded by uvicorn when it is going to serve with httptools, which it prefers to h11 where both are installed."""


def warn_when_lowered(versions: Sequence[SellerProtocol]) -> bool:
    """Warn when this process is a server that loses the case of ``Body-Sign`` and one of these protocols needs it.

    Whether it did: a server may be loaded after the application that it serves, so this is asked again.
    """
    if LOWERING not in sys.modules:
        return False
    missing = [version.title.en for version in versions if needs_case(version)]
    if missing:
        log.warning(
            "uvicorn with httptools sends body-sign for Body-Sign, and a market of %s takes such an answer for unsigned. "
            "Start it with --http h11 (in gunicorn: -k uvicorn.workers.UvicornH11Worker).",
            ", ".join(missing),
        )
    return bool(missing)


def needs_case(version: SellerProtocol) -> bool:
    """Whether a market of this protocol misses the signature of an answer whose header names are in lower case."""
    answer = version.answer(None, Rejected(code=INTERNAL_ERROR), key="any", nonce="0" * 32)
    lowered = Response(answer.status, tuple((name.lower(), value) for name, value in answer.headers), answer.body)
    read = version.decode(Query(instance_ids=("any",)), lowered, key="any", require_body_sign=True)
    return isinstance(read, Unreachable) and read.fault is Fault.BODY_SIGN_MISSING
