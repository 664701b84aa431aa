"""Remove secrets of an installation from a demo before it is shipped: keys, sealed values and tokens. ``load`` creates
them again."""

from __future__ import annotations

from datetime import datetime

from tradepost.market.base import ids
from tradepost.market.base.models import Event, WorkerProcess
from tradepost.market.identity.company_models import Certification
from tradepost.market.identity.domain_models import Domain
from tradepost.market.identity.models import AccessKey, BuyerKey, Seller, SigningKey
from tradepost.market.notifications.models import Notice, NoticeDelivery
from tradepost.market.production.calls import delete_all_answers

from .companies import certification
from .people import DemoSeller


def has_no_pending_work() -> bool:
    """Return whether all events were handled and all notices sent."""
    return (
        not Event.objects.exists() and not NoticeDelivery.objects.filter(status=NoticeDelivery.Status.WAITING).exists()
    )


def make_shippable(now: datetime) -> None:
    """Remove the secrets from an idle market. Replays keep their attempts, in which secrets are masked."""
    for model in (SigningKey, AccessKey, BuyerKey, WorkerProcess):
        model._default_manager.all().delete()  # noqa: SLF001
    delete_all_answers()
    Certification.objects.update(sealed_account="")
    Domain.objects.update(token="")
    Notice.objects.filter(read_at=None).update(read_at=now)


def renew_secrets(demo_seller: DemoSeller, seller: Seller) -> None:
    """Create the secrets of a seller that ``make_shippable`` removed, except keys."""
    if Certification.objects.filter(seller=seller, sealed_account="").exclude(certified_at=None).exists():
        fresh = certification(demo_seller)
        Certification.objects.filter(seller=seller).update(sealed_account=fresh.sealed_account)
    for domain in Domain.objects.filter(seller=seller, token=""):
        Domain.objects.filter(pk=domain.pk).update(token=ids.secret(32))
