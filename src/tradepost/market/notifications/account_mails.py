"""Mails about an account itself: confirm the address, choose a new password, you have an account already, you are invited.
And an SMS to a telephone of somebody who left nothing else.

They go to an address rather than to a person: whoever asked may have no account, and nobody may learn from the market whether
one exists. So there is no notice behind them, and what they lead to is sealed until the worker has sent them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from tradepost.market.base import jobs
from tradepost.market.base.secrets import seal

from . import messages
from .categories import Channel
from .models import NoticeDelivery
from .outgoing import DELIVER, DELIVER_BY


def mail_account(
    kind: str, address: str, *, link: str, language: str, now: datetime, facts: Mapping[str, Any] | None = None
) -> NoticeDelivery:
    """Have the worker mail the words of ``kind`` to an address. ``link``: the path, and query, that the mail leads to;
    ``facts``: what its words name beside the address (``facts.py``).

    Raises ``LookupError`` for a kind without words, or a fact that they lack.
    """
    messages.check_facts(kind, {"email": address, **(facts or {})})
    with transaction.atomic():
        mail = NoticeDelivery.objects.create(
            kind=kind, address=address, language=language, sealed_link=seal(link), created_at=now, next_at=now,
            facts=dict(facts or {}),
        )  # fmt: skip
        jobs.schedule(DELIVER, str(mail.pk), due_at=now)
    return mail


def send_sms(
    kind: str, phone: str, *, link: str, language: str, now: datetime, facts: Mapping[str, Any]
) -> NoticeDelivery:
    """Have the worker send the words of ``kind`` and the address of ``link``, a path, to a telephone in the standard form.
    Raises ``LookupError`` as ``mail_account`` does."""
    messages.check_facts(kind, {"phone": phone, **facts})
    with transaction.atomic():
        sms = NoticeDelivery.objects.create(
            kind=kind,
            channel=Channel.SMS,
            address=phone,
            language=language,
            sealed_link=seal(link),
            created_at=now,
            next_at=now,
            facts=dict(facts),
        )
        jobs.schedule(DELIVER_BY[Channel.SMS], str(sms.pk), due_at=now)
    return sms
