"""How long notices and what went out about them are kept. A notice takes its deliveries along; one still to be sent keeps it.
One about an account has no notice: sent or not, it goes when delivered mails go."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from tradepost.market.base.retention import Rule

from .models import Notice, NoticeDelivery

_OPEN = {NoticeDelivery.Status.WAITING, NoticeDelivery.Status.DEFERRED}
_HAS_UNSENT = Exists(NoticeDelivery.objects.filter(notice=OuterRef("pk"), status__in=_OPEN))

RULES = (
    Rule(
        name="sent mails",
        model=NoticeDelivery,
        when="sent_at",
        setting="keep_sent_mails_days",
        only=Q(status=NoticeDelivery.Status.SENT),
    ),
    Rule(
        name="account mails",
        model=NoticeDelivery,
        when="created_at",
        setting="keep_sent_mails_days",
        only=Q(notice=None),
        needed=Q(status=NoticeDelivery.Status.WAITING),
    ),
    Rule(
        name="messages that were not sent",
        model=NoticeDelivery,
        when="created_at",
        setting="keep_sent_mails_days",
        only=Q(status__in=[NoticeDelivery.Status.WITHHELD, NoticeDelivery.Status.SUMMED_UP]),
    ),
    Rule(name="notices", model=Notice, when="created_at", setting="keep_notices_days", needed=Q(_HAS_UNSENT)),
)
