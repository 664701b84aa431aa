"""Bind a period image to a server, and unbind it (business-rules §5).

Locks: the service of the image, then the server. A binding never begins or ends in time that is already metered.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.compute.lifecycle import EXISTING_STATUSES
from tradepost.market.compute.models import Server
from tradepost.market.compute.tasks import locked_server
from tradepost.market.fulfilment.cases import locked_subscriptions
from tradepost.market.orders.models import OrderLine
from tradepost.market.subscriptions.models import Subscription

from .events import PeriodImageBound, PeriodImageIdle
from .lifecycle import PERIOD_IMAGE, ImageEvent
from .models import ImageBinding, PeriodImage


def bind(image: PeriodImage, server: Server, *, actor: str, now: datetime, by_operator: bool = False) -> ImageBinding:
    """Bind an idle period image to a server from now on.

    Raises ``Refused`` and changes nothing if the image is not idle, or if the server belongs to another buyer, runs
    another image or has a period image.
    """
    with transaction.atomic():
        [service] = locked_subscriptions([image.service_id])
        locked, image_row = locked_server(server.pk), PeriodImage.objects.get(pk=image.pk)
        refusal = _refusal(image_row, service, locked)
        if refusal is not None or locked.service is None:
            raise refusal or _other_image()
        start_time = _start_time(locked, now)
        binding = ImageBinding.objects.create(
            image=image_row, server=locked, covers=locked.service, from_at=start_time, actor=actor
        )
        PERIOD_IMAGE.move_all([image_row], ImageEvent.BIND, now=now, actor=actor, note=locked.name, idle_since=None)
        _mark(service, bound=True)
        outbox.publish(
            PeriodImageBound(image=image_row.pk, server=locked.pk, at=start_time, by_operator=by_operator), now=now
        )  # fmt: skip
    return binding


def _start_time(server: Server, now: datetime) -> datetime:
    return max(now, server.counted_until or now)


def _refusal(image: PeriodImage, service: Subscription, server: Server) -> Refused | None:
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
        "image.other_image",
        _("The server does not run this image. A period image covers only servers with the same image."),
    )


def fits(service: Subscription, server: Server) -> bool:
    """Return whether the server runs the period image's product in the same specification."""
    runs = server.service
    return (
        server.status in EXISTING_STATUSES
        and runs is not None
        and runs.status in {Subscription.Status.ACTIVE, Subscription.Status.FROZEN}
        and runs.offer.sku.spec_id == service.offer.sku.spec_id
    )


def _mark(service: Subscription, *, bound: bool) -> None:
    service.bound = bound
    service.save(update_fields=["bound"])


def unbind(binding: ImageBinding, *, at: datetime, now: datetime) -> None:
    """Unbind a period image because its server has another disk or no longer exists. The image is then idle (§5)."""
    with transaction.atomic():
        [service] = locked_subscriptions([binding.image_id])
        server = locked_server(binding.server_id)
        open_binding = ImageBinding.objects.select_related("image").filter(pk=binding.pk, to_at=None).first()
        if open_binding is None:
            return
        end_at = _end(open_binding, server, at)
        if open_binding.image.status == PeriodImage.Status.BOUND:
            PERIOD_IMAGE.move_all([open_binding.image], ImageEvent.UNBIND, now=now, note=server.name, idle_since=now)
            outbox.publish(PeriodImageIdle(image=open_binding.image_id, server=server.pk, at=end_at), now=now)
        _mark(service, bound=False)


def _end(binding: ImageBinding, server: Server, moment: datetime) -> datetime:
    end_at = max(moment, server.counted_until or moment, binding.from_at)
    binding.to_at = end_at
    binding.save(update_fields=["to_at"])
    return end_at


def activate(line: OrderLine, *, now: datetime) -> None:
    """Activate a paid period image (§5) and bind it to the server of its order.

    The image stays idle if the server runs another image by now.
    """
    service = line.subscription
    if service is None or PeriodImage.objects.filter(service=service).exists():
        return
    image = PeriodImage.objects.create(service=service, buyer_id=service.buyer_id, idle_since=now)
    server = Server.objects.select_related("service__offer__sku").filter(pk=line.for_server or 0).first()
    try:
        if server is not None:
            with transaction.atomic():
                bind(image, server, actor=line.order.buyer.email, now=service.started_at or now)
    except Refused:
        outbox.publish(PeriodImageIdle(image=image.pk, server=line.for_server or 0, at=now), now=now)


def end_image(
    service: Subscription, *, refunded: bool, now: datetime
) -> tuple[PeriodImage, ImageBinding | None] | None:
    """End a period image that has expired or was refunded.

    Returns the image with its binding until now, or None if it had already ended.
    """
    image = PeriodImage.objects.filter(service=service, status__in=["bound", "idle"]).first()
    if image is None:
        return None
    binding = ImageBinding.objects.filter(image=image, to_at=None).select_related("server").first()
    if binding is not None:
        server = locked_server(binding.server_id)
        _end(binding, server, service.expires_at or now)
    is_idle = image.status == PeriodImage.Status.IDLE
    PERIOD_IMAGE.move_all(
        [image], ImageEvent.REFUND if refunded and is_idle else ImageEvent.EXPIRE, now=now, idle_since=None
    )
    _mark(service, bound=False)
    return image, binding
