"""Responses for forms that save themselves while a seller types (``draft.js``): JSON with the changed parts of the
page."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from django.http import HttpRequest, JsonResponse

HEADER = "X-Autosave"
"""Header of an automatic save."""


def is_autosave(request: HttpRequest) -> bool:
    return bool(request.headers.get(HEADER))


def saved_response(
    words: str, *, seen: int, missing: Mapping[str, int] | None = None, ids: Mapping[str, str] | None = None
) -> JsonResponse:
    """Report a save. ``seen``: revision for the next save. ``missing``: open items by section. ``ids``: input → id
    assigned by this save."""
    return JsonResponse(
        {"saved": True, "words": words, "seen": seen, "errors": {}, "missing": missing or {}, "ids": ids or {}}
    )


def not_saved_response(words: str, *, errors: Mapping[str, str] | None = None, conflict: bool = False) -> JsonResponse:
    """Report errors. ``errors``: input → message. ``conflict``: another tab saved first, and the seller decides about
    the whole form."""
    status = HTTPStatus.CONFLICT if conflict else HTTPStatus.UNPROCESSABLE_ENTITY
    return JsonResponse({"saved": False, "words": words, "errors": errors or {}, "conflict": conflict}, status=status)


def closed_response(words: str) -> JsonResponse:
    """Report that the draft can no longer be changed. The form stops saving."""
    return JsonResponse({"saved": False, "words": words, "errors": {}}, status=HTTPStatus.CONFLICT)
