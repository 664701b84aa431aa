"""What sellers handed in and nobody decided yet (business-rules §2.4, §12)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.both_languages import named
from tradepost.market.review.models import Submission
from tradepost.market.review.registry import review_kind
from tradepost.market.work_queue.contract import Clock, Entry, Value, Words, key_of


class Submissions:
    name = "submissions"
    title = _("Submissions of sellers")

    def list_url(self) -> str:
        return reverse("console:reviews")

    def rows(self) -> QuerySet[Submission]:
        """The index of what waits, by its promised time, serves it."""
        waiting = Submission.objects.filter(status=Submission.Status.PENDING)
        return waiting.defer("document").select_related("seller", "product").order_by("due_at", "pk")

    def entries(self, rows: Sequence[Submission], clock: Clock) -> list[Entry]:
        return [self._entry(one, clock) for one in rows]

    def _entry(self, one: Submission, clock: Clock) -> Entry:
        since, seller = one.sent_at or one.saved_at, named(one.seller)
        facts: list[tuple[Words, Value]] = [(_("Seller"), seller)]
        if one.product is not None:
            facts.append((_("Product"), named(one.product)))
        return Entry(
            key=key_of(self.name, one.pk), title=review_kind(one.kind).title,
            about=f"{named(one.product)} · {seller}" if one.product is not None else seller,
            url=reverse("console:review", args=[one.pk]), since=since,
            due_at=one.due_at or clock.due(since, clock.settings.review_working_days),
            facts=facts,
        )  # fmt: skip


SOURCES = (Submissions(),)
