"""Names for the signature of SaaS 2.0; ``signed_url`` implements it for every version that signs in the URL."""

from __future__ import annotations

from tradepost.protocols.body_sign import body_sign, body_sign_problem
from tradepost.protocols.freshness import NONCE_KEPT, WINDOW
from tradepost.protocols.signed_url import canonical_text, open_request, sign_request, signature

__all__ = [
    "NONCE_KEPT",
    "WINDOW",
    "body_sign",
    "body_sign_problem",
    "canonical_text",
    "open_request",
    "sign_request",
    "signature",
]
