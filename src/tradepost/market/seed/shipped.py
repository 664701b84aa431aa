"""A demo that is shipped was walked once, at set-up. It must hold nothing that only one installation may know: every key, whatever
is sealed, every token. ``load`` makes them anew where it is begun with."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base import ids
from tradepost.market.base.models import Event, WorkerProcess
from tradepost.market.identity.company_models import Certification
from tradepost.market.identity.domain_models import Domain
from tradepost.market.identity.models import AccessKey, BuyerKey, Seller, SigningKey
from tradepost.market.notifications.models import Notice, NoticeDelivery
from tradepost.market.production.calls import forget_answers

from .companies import certification
from .people import DemoSeller


def settled() -> bool:
    """Whether everything that happened had its effect and was told."""
    return (
        not Event.objects.exists() and not NoticeDelivery.objects.filter(status=NoticeDelivery.Status.WAITING).exists()
    )


def make_shippable(now: datetime) -> None:
    """For a market that nobody works on any more. What was replayed keeps its attempts, in which secrets are masked."""
    for model in (SigningKey, AccessKey, BuyerKey, WorkerProcess):
        model._default_manager.all().delete()  # noqa: SLF001
    forget_answers()
    Certification.objects.update(sealed_account="")
    Domain.objects.update(token="")
    Notice.objects.filter(read_at=None).update(read_at=now)


def renew_secrets(said: DemoSeller, seller: Seller) -> None:
    """What ``make_shippable`` took of a seller, but for its keys."""
    if Certification.objects.filter(seller=seller, sealed_account="").exclude(certified_at=None).exists():
        fresh = certification(said)
        Certification.objects.filter(seller=seller).update(sealed_account=fresh.sealed_account)
    for domain in Domain.objects.filter(seller=seller, token=""):
        Domain.objects.filter(pk=domain.pk).update(token=ids.secret(32))
