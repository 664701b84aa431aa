"""Sentences of notices about the deletion of a service at its end, by who deletes it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_noop

from tradepost.market.fulfilment.deletion import DeletedBy, deleted_by
from tradepost.market.subscriptions.models import Subscription

from . import facts as f

DELETED_AT: Mapping[DeletedBy, str] = {
    DeletedBy.SELLER: gettext_noop("The seller deletes it and its data at %(at)s."),
    DeletedBy.CLOUD: gettext_noop("The cloud deletes the server and its data at %(at)s."),
    DeletedBy.IMAGE: gettext_noop("The period image ends at %(at)s. Your server and its data are kept."),
    DeletedBy.NOBODY: gettext_noop("It closes permanently at %(at)s."),
}
SAVE_FIRST: Mapping[DeletedBy, str] = {
    **DELETED_AT,
    DeletedBy.SELLER: gettext_noop("The seller deletes it and its data at %(at)s. Save the data you need before then."),
    DeletedBy.CLOUD: gettext_noop(
        "The cloud deletes the server and its data at %(at)s. Save the data you need before then."
    ),
}
"""For services that can still be used and cannot be renewed."""


def deletion(subscription: Subscription, at: datetime, *, save: bool = False) -> f.Json:
    """Return the fact ``deletion`` of a notice. ``save``: it also asks the reader to save the data."""
    sentence = (SAVE_FIRST if save else DELETED_AT)[deleted_by(subscription)]
    return f.phrase(sentence, at=f.moment(at))


def with_deletion(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Add the sentence to the facts of a notice of an earlier release, which hold only the time of the deletion."""
    deletion_time = facts.get("kept") or facts.get("deleted")
    if "deletion" in facts or deletion_time is None:
        return facts
    return {**facts, "deletion": f.phrase(DELETED_AT[DeletedBy.SELLER], at=deletion_time)}
