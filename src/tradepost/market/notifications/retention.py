"""How long notices and mails are kept. A notice takes its mails along; a mail that is still to be sent keeps its notice.
One about an account has no notice: sent or not, it goes when delivered mails go."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from tradepost.market.base.retention import Rule

from .models import Mail, Notice

_UNSENT = Exists(Mail.objects.filter(notice=OuterRef("pk"), status=Mail.Status.WAITING))

RULES = (
    Rule(
        name="sent mails",
        model=Mail,
        when="sent_at",
        setting="keep_sent_mails_days",
        only=Q(status=Mail.Status.SENT),
    ),
    Rule(
        name="account mails",
        model=Mail,
        when="created_at",
        setting="keep_sent_mails_days",
        only=Q(notice=None),
        needed=Q(status=Mail.Status.WAITING),
    ),
    Rule(name="notices", model=Notice, when="created_at", setting="keep_notices_days", needed=Q(_UNSENT)),
)
