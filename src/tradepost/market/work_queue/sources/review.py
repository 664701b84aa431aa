"""Open submissions of sellers (business-rules §2.4, §12)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tradepost.market.base.both_languages import localised_name
from tradepost.market.review.models import Submission
from tradepost.market.review.registry import review_kind
from tradepost.market.work_queue.contract import Clock, Entry, FactValue, TranslatedText, key_of


class Submissions:
    name = "submissions"
    title = _("Submissions of sellers")

    def list_url(self) -> str:
        return reverse("console:reviews")

    def rows(self) -> QuerySet[Submission]:
        """Use the index of pending submissions, sorted by deadline."""
        waiting_submissions = Submission.objects.filter(status=Submission.Status.PENDING)
        return waiting_submissions.defer("document").select_related("seller", "product").order_by("due_at", "pk")

    def entries(self, rows: Sequence[Submission], clock: Clock) -> list[Entry]:
        return [self._entry(row, clock) for row in rows]

    def _entry(self, row: Submission, clock: Clock) -> Entry:
        since, seller = row.sent_at or row.saved_at, localised_name(row.seller)
        facts: list[tuple[TranslatedText, FactValue]] = [(_("Seller"), seller)]
        if row.product is not None:
            facts.append((_("Product"), localised_name(row.product)))
        return Entry(
            key=key_of(self.name, row.pk), title=review_kind(row.kind).title,
            about=f"{localised_name(row.product)} · {seller}" if row.product is not None else seller,
            url=reverse("console:review", args=[row.pk]), since=since,
            due_at=row.due_at or clock.due(since, clock.settings.review.review_working_days),
            facts=facts,
        )  # fmt: skip


SOURCES = (Submissions(),)
