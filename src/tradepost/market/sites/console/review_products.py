"""What an operator has besides the facts of a product that was handed in: its page as buyers will see it, and the replay of its
debug cases, which must be fresh when it is approved."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.catalog import document as documents
from tradepost.market.catalog.view import view_of
from tradepost.market.debugging import replay
from tradepost.market.review import hand_in, operator_queries, product_versions
from tradepost.market.review.contract import Change
from tradepost.market.review.models import OPEN, Submission
from tradepost.market.review.registry import review_kind
from tradepost.market.web.access import now_of, operator_required, person


def replay_context(one: Submission, *, now: datetime) -> dict[str, Any]:
    """How the replay of its cases stands; nothing for what is about no version of a product."""
    if one.version_id is None or one.product is None:
        return {}
    document = documents.load(one.document)
    job = product_versions.replay_of(one)
    minutes = config().replay_valid_minutes
    return {
        "of_product": True,
        "needs_replay": product_versions.needs_interface(document),
        "job": job,
        "cases": replay.results(job) if job is not None else [],
        "fresh": product_versions.is_fresh(job, valid=timedelta(minutes=minutes), now=now),
        "valid_minutes": minutes,
        "changes": _changes(one, document),
    }


def _changes(one: Submission, document: documents.Document) -> list[Change]:
    """What is different from what is listed, of a change that is still to be decided."""
    kind = review_kind(one.kind)
    against = kind.standing(one.seller, product=one.product) if one.status in OPEN else None
    return list(kind.diff(document, against)) if against is not None else []


def _found(pk: int) -> Submission:
    one = operator_queries.find_submission(pk)
    if one is None or one.version_id is None:
        raise Http404
    return one


@operator_required
@require_safe
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    one = _found(pk)
    view = view_of(documents.load(one.document), currency=config().currency)
    return render(request, "console/review_preview.html", {"one": one, "view": view})


@operator_required
@require_safe
def live(request: HttpRequest, pk: int) -> HttpResponse:
    """How far the replay is, asked again and again while it runs."""
    one = _found(pk)
    context = {
        "one": one,
        "pending": one.status == Submission.Status.PENDING,
        **replay_context(one, now=now_of(request)),
    }
    return render(request, "console/parts/review_replay.html", context)


@operator_required
@require_POST
def replay_again(request: HttpRequest, pk: int) -> HttpResponse:
    hand_in.replay_again(_found(pk), by=person(request).email, now=now_of(request))
    return redirect("console:review", pk)
