"""The amount above which an act needs approval."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.base.money import Money
from tradepost.market.identity.models import User

from .models import Limit

DEFAULT_MAJOR = 50_000
MAX_REASON_LENGTH = 200


def limit_of(currency: str) -> Money:
    newest_limit = Limit.objects.filter(currency=currency).order_by("-pk").first()
    return newest_limit.amount if newest_limit else Money.of(DEFAULT_MAJOR, currency)


def set_limit(amount: Money, *, reason: str, by: User, now: datetime) -> Limit:
    """Set the limit; zero means that every amount needs approval. Raises ``Refused``."""
    reason_text = reason.strip()
    if not reason_text or len(reason_text) > MAX_REASON_LENGTH:
        raise Refused(
            "approval.limit_reason",
            _("Enter a reason of at most 200 characters."),
            HTTPStatus.BAD_REQUEST,
            field="reason",
        )
    if amount.minor < 0:
        raise ValueError("a limit is not negative")
    if amount == limit_of(amount.currency):
        raise Refused(
            "approval.same_limit", _("This is already the current limit. Nothing was changed."), field="amount"
        )
    return Limit.objects.create(currency=amount.currency, minor=amount.minor, reason=reason_text, set_by=by, set_at=now)
