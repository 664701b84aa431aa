"""Additional context for the review of a product: its preview, and the replay of its debug cases, which must be recent
at the approval."""

from __future__ import annotations

from collections.abc import Sequence
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
from tradepost.market.debugging.required import Purpose
from tradepost.market.industrial_road.facts import PROTOCOL
from tradepost.market.industrial_road.retrofit import answers_of
from tradepost.market.product_types.roads.industrial import ITEMS
from tradepost.market.production.models import Call
from tradepost.market.review import hand_in, operator_queries, product_versions, replays, web_sites
from tradepost.market.review.cases import case_of
from tradepost.market.review.models import OPEN, Submission
from tradepost.market.review.registry import review_kind
from tradepost.market.review.replays import Verdict
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.seller_contact import contact_of
from tradepost.market.web.upgrade_rules import ended_rules
from tradepost.market.web_scan.standing import blocking_findings_of


def replay_context(submission: Submission, *, now: datetime) -> dict[str, Any]:
    """Return the replays with their verdicts; empty for a submission without a product version."""
    if submission.product is None:
        return {}
    replayed = review_kind(submission.kind).replayed(case_of(submission, settings=config(), now=now))
    job = product_versions.replay_of(submission)
    minutes = config().review.replay_valid_minutes
    stock = (
        product_versions.stock_of(submission.product, replayed, purpose=Purpose.REVIEW)
        if replayed is not None
        else None
    )
    verdicts = replays.verdicts(submission, job)
    return {
        "of_version": submission.version_id is not None,
        "needs_replay": replayed is not None or bool(verdicts),
        "has_cases": stock is not None and bool(stock.saved),
        "job": job,
        "verdicts": verdicts,
        "messages_kept": _messages_of(verdicts),
        "fresh": product_versions.is_fresh(job, valid=timedelta(minutes=minutes), now=now),
        "valid_minutes": minutes,
        "unchecked": stock.unchecked if stock else (),
        **(_version_context(submission) if submission.version_id is not None else {}),
    }


def _messages_of(verdicts: Sequence[Verdict]) -> set[int]:
    """Return the calls of these replays that still exist."""
    calls = [case.call for verdict in verdicts for case in verdict.cases if case.call is not None]
    return set(Call.objects.filter(pk__in=calls).values_list("pk", flat=True)) if calls else set()


def retrofit_context(submission: Submission) -> dict[str, Any]:
    """Return the seller's answers to the access standard, for a product with an online License interface
    (business-rules §2.5); empty for others."""
    address = product_versions.address_of(submission.product) if submission.product is not None else None
    if address is None or address.protocol != PROTOCOL:
        return {}
    answers, language = answers_of(submission.seller), get_language()
    rows = [(item.title.in_language(language), answers.get(code)) for code, item in ITEMS.items()]
    return {"retrofit": rows, "retrofit_answered": len(answers), "retrofit_items": len(ITEMS)}


def _version_context(submission: Submission) -> dict[str, Any]:
    """Return the upgrade rules that an approval ends, and the web checks of the submission (business-rules §2.7)."""
    document = documents.load(submission.document)
    linked = web_sites.linked_scans(drafts.owner_of(submission.version)) if submission.version is not None else []
    return {
        "ended_rules": ended_rules(submission.product, document)
        if submission.product and submission.status in OPEN
        else [],
        "web_sites": web_sites.addresses_of(document).values(),
        "web_checks": [(run, len(blocking_findings_of(run))) for run in linked],
    }


def _submission(pk: int) -> Submission:
    submission = operator_queries.find_submission(pk)
    if submission is None or submission.product_id is None:
        raise Http404
    return submission


@operator_required
@require_safe
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    submission = _submission(pk)
    if submission.version_id is None:
        raise Http404
    view = view_of(documents.load(submission.document), currency=config().currency)
    context = {"one": submission, "view": view, "contact": contact_of(submission.seller, support=view.support)}
    return render(request, "console/review_preview.html", context)


@operator_required
@require_safe
def live(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the part with the replay's progress, which is polled while it runs."""
    submission = _submission(pk)
    context = {
        "one": submission,
        "pending": submission.status == Submission.Status.PENDING,
        **replay_context(submission, now=now_of(request)),
    }
    return render(request, "console/parts/review_replay.html", context)


@operator_required
@require_POST
def replay_again(request: HttpRequest, pk: int) -> HttpResponse:
    hand_in.restart_replay(_submission(pk), by=person(request).email, settings=config(), now=now_of(request))
    return redirect("console:review", pk)
