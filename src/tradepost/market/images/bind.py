"""Bind a period image to a server, and end that: what it covers from when until when (business-rules §5).

Locks: the service of the image, then the server. A binding begins and ends where the hours of the server are counted to at the
earliest: what was counted stays as it was.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.compute.lifecycle import THERE
from tradepost.market.compute.models import Server
from tradepost.market.compute.tasks import locked_server
from tradepost.market.fulfilment.cases import locked_subscriptions
from tradepost.market.orders.models import OrderLine
from tradepost.market.subscriptions.models import Subscription

from .events import PeriodImageBound, PeriodImageIdle
from .lifecycle import PERIOD_IMAGE, ImageEvent
from .models import ImageBinding, PeriodImage


def bind(image: PeriodImage, server: Server, *, actor: str, now: datetime, by_operator: bool = False) -> ImageBinding:
    """From now on it covers this server. Raises ``Refused`` for one that is not idle, a server of somebody else, with another
    image or with a period image already; nothing changes then."""
    with transaction.atomic():
        [service] = locked_subscriptions([image.service_id])
        held, idle = locked_server(server.pk), PeriodImage.objects.get(pk=image.pk)
        why = _why_not(idle, service, held)
        if why is not None or held.service is None:
            raise why or _other_image()
        at = _from(held, now)
        made = ImageBinding.objects.create(image=idle, server=held, covers=held.service, from_at=at, actor=actor)
        PERIOD_IMAGE.move_all([idle], ImageEvent.BIND, now=now, actor=actor, note=held.name, idle_since=None)
        _mark(service, bound=True)
        outbox.publish(
            PeriodImageBound(image=idle.pk, server=held.pk, at=at, by_operator=by_operator), now=now
        )  # fmt: skip
    return made


def _from(server: Server, now: datetime) -> datetime:
    return max(now, server.counted_until or now)


def _why_not(image: PeriodImage, service: Subscription, server: Server) -> Refused | None:
    if image.status != PeriodImage.Status.IDLE:
        return Refused("image.not_idle", _("Only an idle period image can be bound to a server."))
    if server.buyer_id != service.buyer_id:
        return Refused("image.other_buyer", _("The server belongs to another buyer."))
    if not fits(service, server):
        return _other_image()
    if ImageBinding.objects.filter(server=server, to_at=None).exists():
        return Refused("image.server_taken", _("Another period image covers this server already."))
    return None


def _other_image() -> Refused:
    return Refused(
        "image.other_image", _("The server does not run this image: a period image covers the image that it is of.")
    )


def fits(service: Subscription, server: Server) -> bool:
    """Whether the server runs the image that this period image is of: the same specification of the product."""
    runs = server.service
    return (
        server.status in THERE
        and runs is not None
        and runs.status in {Subscription.Status.ACTIVE, Subscription.Status.FROZEN}
        and runs.offer.sku.spec_id == service.offer.sku.spec_id
    )


def _mark(service: Subscription, *, bound: bool) -> None:
    service.bound = bound
    service.save(update_fields=["bound"])


def unbind(binding: ImageBinding, *, at: datetime, now: datetime) -> None:
    """Its server has another disk, or is gone: it is idle, and covers nothing (§5)."""
    with transaction.atomic():
        [service] = locked_subscriptions([binding.image_id])
        held = locked_server(binding.server_id)
        standing = ImageBinding.objects.select_related("image").filter(pk=binding.pk, to_at=None).first()
        if standing is None:
            return
        end = _end(standing, held, at)
        if standing.image.status == PeriodImage.Status.BOUND:
            PERIOD_IMAGE.move_all([standing.image], ImageEvent.UNBIND, now=now, note=held.name, idle_since=now)
            outbox.publish(PeriodImageIdle(image=standing.image_id, server=held.pk, at=end), now=now)
        _mark(service, bound=False)


def _end(standing: ImageBinding, server: Server, at: datetime) -> datetime:
    end = max(at, server.counted_until or at, standing.from_at)
    standing.to_at = end
    standing.save(update_fields=["to_at"])
    return end


def opened(line: OrderLine, *, now: datetime) -> None:
    """What was paid is in effect at once (§5): it is bound to the server that it was ordered for, and is idle where that has
    another image by now."""
    service = line.subscription
    if service is None or PeriodImage.objects.filter(service=service).exists():
        return
    image = PeriodImage.objects.create(service=service, idle_since=now)
    server = Server.objects.select_related("service__offer__sku").filter(pk=line.for_server or 0).first()
    try:
        if server is not None:
            with transaction.atomic():
                bind(image, server, actor=line.order.buyer.email, now=service.started_at or now)
    except Refused:
        outbox.publish(PeriodImageIdle(image=image.pk, server=line.for_server or 0, at=now), now=now)


def ended(service: Subscription, *, refunded: bool, now: datetime) -> tuple[PeriodImage, ImageBinding | None] | None:
    """Its paid time is over, or was paid back. Gives it with the binding that stood until then; None where it had ended."""
    image = PeriodImage.objects.filter(service=service, status__in=["bound", "idle"]).first()
    if image is None:
        return None
    binding = ImageBinding.objects.filter(image=image, to_at=None).select_related("server").first()
    if binding is not None:
        held = locked_server(binding.server_id)
        _end(binding, held, service.expires_at or now)
    idle = image.status == PeriodImage.Status.IDLE
    PERIOD_IMAGE.move_all(
        [image], ImageEvent.REFUND if refunded and idle else ImageEvent.EXPIRE, now=now, idle_since=None
    )
    _mark(service, bound=False)
    return image, binding
