"""Products at each step of a review in tests: all cases saved, submitted, replayed, listed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tests.factories.companies import approve, owner_of
from tests.factories.people import NOW
from tests.factories.publishable import drafted, may_publish, right_document
from tests.market.debugging.answering import answer, tried
from tests.market.engine import react
from tradepost.market.base import leased_jobs
from tradepost.market.base.config import config
from tradepost.market.base.leased_jobs import LeasedTask
from tradepost.market.catalog.document import Document, Spec
from tradepost.market.catalog.models import Product
from tradepost.market.debugging import missing, replay
from tradepost.market.debugging.models import DebugCase
from tradepost.market.identity.models import Seller
from tradepost.market.production.models import Binding
from tradepost.market.review import hand_in, submit
from tradepost.market.review.models import Submission
from tradepost.market.review.product_versions import sold_properties
from tradepost.market.review.registry import review_kind

__all__ = ["approve", "debugged", "end_replay", "listed", "pending", "ready", "submitted"]


def debugged(product: Product, document: Document) -> None:
    """Save every required case as a person does."""
    address = Binding.objects.get(product=product).address
    for lack in missing.lacking_cases(address, sold_properties(document)):
        answer(tried(address, lack.activity, lack.variant), now=NOW)


def ready(*specs: Spec, seller: Seller | None = None) -> Product:
    """Make a product that could be submitted now."""
    seller = seller or may_publish()
    document = right_document(seller, *specs)
    product = drafted(seller, document)
    debugged(product, document)
    return product


def submitted(product: Product, *, now: datetime = NOW) -> Submission:
    kind = review_kind(hand_in.kind_of_submission(product))
    agreed = {agreement.pk for agreement in submit.required_agreements(kind, product.seller, now=now)}
    return hand_in.submit_draft(product, by=owner_of(product.seller), settings=config(), now=now, agreed=agreed)


def end_replay(*, failing: str = "", now: datetime = NOW) -> None:
    """End the replay in progress, with this case failing."""

    def work(running: leased_jobs.RunningJob) -> Mapping[str, Any]:
        cases = DebugCase.objects.filter(pk__in=running.payload["cases"])
        results = [
            {
                "case": case.pk, "activity": case.activity, "variant": case.variant, "call": None,
                "passed": case.activity != failing, "diagnosis": "",
            }
            for case in cases
        ]  # fmt: skip
        return {"cases": results, "passed": all(result["passed"] for result in results)}

    tasks = {replay.KIND: LeasedTask(work=work, ended=replay.publish_end)}
    assert leased_jobs.run_due(tasks, now=lambda: now, wall=lambda: now, owner="t") == 1
    react(now=now)


def pending(product: Product, *, now: datetime = NOW) -> Submission:
    sent = submitted(product, now=now)
    end_replay(now=now)
    sent.refresh_from_db()
    assert sent.status == Submission.Status.PENDING
    return sent


def listed(*specs: Spec) -> Product:
    product = ready(*specs)
    approve(pending(product))
    product.refresh_from_db()
    return product
