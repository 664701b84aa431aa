"""What an operator has besides the facts of a product that was handed in: its page as buyers will see it, and the replay of its
debug cases, which must be fresh when it is approved."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.config import config
from tradepost.market.catalog import document as documents
from tradepost.market.catalog import drafts
from tradepost.market.catalog.view import view_of
from tradepost.market.debugging import replay
from tradepost.market.debugging.required import Purpose
from tradepost.market.industrial_road.facts import PROTOCOL
from tradepost.market.industrial_road.retrofit import answers_of
from tradepost.market.product_types.roads.industrial import ITEMS
from tradepost.market.review import hand_in, operator_queries, product_versions, web_sites
from tradepost.market.review.cases import case_of
from tradepost.market.review.contract import Change
from tradepost.market.review.models import OPEN, Submission
from tradepost.market.review.registry import review_kind
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.seller_contact import contact_of
from tradepost.market.web_scan.standing import blocking_of


def replay_context(one: Submission, *, now: datetime) -> dict[str, Any]:
    """How the replay of its cases stands; nothing for what is about no version of a product."""
    if one.product is None:
        return {}
    replayed = review_kind(one.kind).replayed(case_of(one, settings=config(), now=now))
    job = product_versions.replay_of(one)
    minutes = config().replay_valid_minutes
    stock = product_versions.stock_of(one.product, replayed, purpose=Purpose.REVIEW) if replayed is not None else None
    return {
        "of_version": one.version_id is not None,
        "needs_replay": replayed is not None,
        "job": job,
        "cases": replay.results(job) if job is not None else [],
        "fresh": product_versions.is_fresh(job, valid=timedelta(minutes=minutes), now=now),
        "valid_minutes": minutes,
        "unchecked": stock.unchecked if stock else (),
        "changes": _changes(one) if one.version_id is not None else [],
        **(_web_checks(one) if one.version_id is not None else {}),
    }


def retrofit_context(one: Submission) -> dict[str, Any]:
    """What the seller says of its software against the access standard, where the product is over an online License interface
    (business-rules §2.5). Empty for all others."""
    address = product_versions.address_of(one.product) if one.product is not None else None
    if address is None or address.protocol != PROTOCOL:
        return {}
    kept, language = answers_of(one.seller), get_language()
    rows = [(item.title.in_language(language), kept.get(code)) for code, item in ITEMS.items()]
    return {"retrofit": rows, "retrofit_answered": len(kept), "retrofit_items": len(ITEMS)}


def _web_checks(one: Submission) -> dict[str, Any]:
    """With which web checks it was handed in (business-rules §2.7)."""
    document = documents.load(one.document)
    linked = web_sites.linked(drafts.owner_of(one.version)) if one.version is not None else []
    return {
        "web_sites": web_sites.addresses_of(document).values(),
        "web_checks": [(run, len(blocking_of(run))) for run in linked],
    }


def _changes(one: Submission) -> list[Change]:
    """What is different from what is listed, of a change that is still to be decided."""
    kind, document = review_kind(one.kind), documents.load(one.document)
    against = kind.standing(one.seller, product=one.product) if one.status in OPEN else None
    return list(kind.diff(document, against)) if against is not None else []


def _found(pk: int) -> Submission:
    one = operator_queries.find_submission(pk)
    if one is None or one.product_id is None:
        raise Http404
    return one


@operator_required
@require_safe
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    one = _found(pk)
    if one.version_id is None:
        raise Http404
    view = view_of(documents.load(one.document), currency=config().currency)
    context = {"one": one, "view": view, "contact": contact_of(one.seller, support=view.support)}
    return render(request, "console/review_preview.html", context)


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
    hand_in.replay_again(_found(pk), by=person(request).email, settings=config(), now=now_of(request))
    return redirect("console:review", pk)
