"""Actions of buyers on servers: create, start, stop, replace the disk, delete, and buy a period image (business-rules
§5).

No function waits for the cloud. They create operations and tasks, which workers carry out.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.compute import tasks
from tradepost.market.compute.contract import Action, Compute, SystemImage
from tradepost.market.compute.lifecycle import ACTIVE_STATUSES as THERE_OR_COMING
from tradepost.market.compute.lifecycle import EXISTING_STATUSES
from tradepost.market.compute.models import Server, Task
from tradepost.market.fulfilment.cases import locked_subscriptions
from tradepost.market.fulfilment.cloud import new_login
from tradepost.market.fulfilment.contract import NoParameters
from tradepost.market.fulfilment.kinds.replace_system import Replacement
from tradepost.market.fulfilment.models import OPEN, Operation
from tradepost.market.fulfilment.operate import OperationRequest, operate
from tradepost.market.identity.models import User
from tradepost.market.orders.buy import buy, order_of
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.place import PlaceOrder, find_offer
from tradepost.market.product_types.charging import modes_with
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVE_STATUSES

from .models import ImageBinding

MAX_NAME_LENGTH = 64


class CreateServer(Struct, frozen=True, kw_only=True):
    """An order for a server with an image. ``product_id``: of a pay-per-use offer. ``quote``: as in checkout."""

    product_id: str
    name: str
    size: str
    agreed: bool = False
    agreements: str = ""
    quote: str = ""
    idempotency_key: str = ""


class OrderForServer(Struct, frozen=True, kw_only=True):
    """An order for an existing server: another image for its disk (pay-per-use), or a period image that covers it."""

    product_id: str
    server: int
    periods: int = 1
    agreed: bool = False
    agreements: str = ""
    renews: bool = False
    quote: str = ""
    idempotency_key: str = ""


class Rules(Struct, frozen=True, kw_only=True):
    unpaid_timeout: timedelta
    servers_most: int


def create_server(buyer: User, command: CreateServer, cloud: Compute, *, rules: Rules, now: datetime) -> Order:
    """Order a pay-per-use image with a new server. Raises ``Refused`` and then orders and creates nothing."""
    if (existing_order := order_of(buyer, command.idempotency_key)) is not None:
        return existing_order
    _only_on_demand(command.product_id)
    name = _name(command.name)
    if command.size not in {size.code for size in cloud.sizes}:
        raise _invalid("size", _("Choose one of the sizes."))
    with transaction.atomic():
        User.objects.select_for_update(of=("self",), no_key=True).get(pk=buyer.pk)  # count simultaneous requests
        if Server.objects.filter(buyer=buyer, status__in=THERE_OR_COMING).count() >= rules.servers_most:
            raise Refused(
                "server.most", _("You may have %(most)s servers at a time.") % {"most": rules.servers_most}
            )  # fmt: skip
        server = tasks.new_server(buyer.pk, name=name, size=command.size, cloud=cloud.name, now=now)
        order = buy(
            buyer,
            PlaceOrder(
                product_id=command.product_id, for_server=server.pk, agreed=command.agreed, agreements=command.agreements,
                quote=command.quote,
                idempotency_key=command.idempotency_key,
            ),
            now=now, unpaid_timeout=rules.unpaid_timeout,
        )  # fmt: skip
        if not OrderLine.objects.filter(order=order, for_server=server.pk).exists():
            server.delete()  # an identical request at the same moment was first
    return order


def _only_on_demand(product_id: str) -> None:
    if not find_offer(product_id).charging.postpaid:
        raise _invalid("product_id", _("Choose an image billed by the hour to create a server."))


def _name(entered_name: str) -> str:
    name = " ".join(entered_name.split())
    if not name or len(name) > MAX_NAME_LENGTH:
        raise _invalid("name", _("Enter a server name of at most %(most)s characters.") % {"most": MAX_NAME_LENGTH})
    return name


def _invalid(field: str, words: str) -> Refused:
    return Refused(f"server.{field}", words, HTTPStatus.BAD_REQUEST, field=field)


def replace_with(buyer: User, command: OrderForServer, *, rules: Rules, now: datetime) -> Order:
    """Order another pay-per-use image for a server's disk. The old image's service ends afterwards. Raises
    ``Refused``."""
    if (existing_order := order_of(buyer, command.idempotency_key)) is not None:
        return existing_order
    _only_on_demand(command.product_id)
    with transaction.atomic():
        server = _own_server(buyer, command.server)
        _check_idle(server)
        return _order(buyer, command, rules=rules, now=now)


def buy_image(buyer: User, command: OrderForServer, *, rules: Rules, now: datetime) -> Order:
    """Order a period image that covers a server, effective on payment. Raises ``Refused``."""
    if (existing_order := order_of(buyer, command.idempotency_key)) is not None:
        return existing_order
    offer = find_offer(command.product_id)
    if not offer.charging.ends:
        raise _invalid("product_id", _("Choose a monthly or yearly period image."))
    with transaction.atomic():
        server = _own_server(buyer, command.server)
        runs = server.service
        if runs is None or runs.status not in LIVE_STATUSES or runs.offer.sku.spec_id != offer.sku.spec_id:
            raise _invalid(
                "server",
                _("Choose a server that runs this image. A period image covers the hourly charges for the image."),
            )
        if ImageBinding.objects.filter(server=server, to_at=None).exists() or _has_open_order(server):
            raise _invalid(
                "server",
                _(
                    "This server already has a period image, or one is being purchased. To extend the period, renew "
                    "the image."
                ),
            )
        return _order(buyer, command, rules=rules, now=now)


def _has_open_order(server: Server) -> bool:
    """Return whether an order for a period image for the server is unpaid or in progress."""
    under_way = [Order.Status.UNPAID, Order.Status.PROCESSING]
    prepaid = modes_with(lambda mode: mode.ends)
    return OrderLine.objects.filter(for_server=server.pk, charging_mode__in=prepaid, status__in=under_way).exists()


def _order(buyer: User, command: OrderForServer, *, rules: Rules, now: datetime) -> Order:
    return buy(
        buyer,
        PlaceOrder(
            product_id=command.product_id, periods=command.periods, for_server=command.server, agreed=command.agreed,
            agreements=command.agreements, renews=command.renews, quote=command.quote, idempotency_key=command.idempotency_key,
        ),
        now=now, unpaid_timeout=rules.unpaid_timeout,
    )  # fmt: skip


# --- what is done to one ----------------------------------------------------------------------------------------------


def start(buyer: User, pk: int, *, now: datetime) -> None:
    """Start a stopped server. Raises ``Refused`` if it is not stopped or its service is frozen."""
    with transaction.atomic():
        server = _lock_idle(buyer, pk)
        if server.status != Server.Status.STOPPED:
            raise Refused("server.not_stopped", _("This server is not stopped."))
        if server.service is not None and server.service.status == Subscription.Status.FROZEN:
            raise Refused(
                "server.frozen",
                _(
                    "The service is frozen. Its page shows the reason. The server starts again when the service is "
                    "unfrozen."
                ),
            )
        _change_power(server, "start_server", Action.START, buyer, now)


def stop(buyer: User, pk: int, *, now: datetime) -> None:
    """Stop a server. Hourly billing pauses; a period image continues. Raises ``Refused``."""
    with transaction.atomic():
        server = _lock_idle(buyer, pk)
        if server.status not in {Server.Status.RUNNING, Server.Status.BROKEN}:
            raise Refused("server.not_running", _("This server is not running."))
        _change_power(server, "stop_server", Action.STOP, buyer, now)


def replace_plain(buyer: User, pk: int, image: str, cloud: Compute, *, agreed: bool, now: datetime) -> None:
    """Replace the disk with one of the cloud's own images. Billing of the image ends. Raises ``Refused``."""
    if image not in {candidate.code for candidate in cloud.images}:
        raise _invalid("image", _("Choose one of the images."))
    _check_agreed(agreed=agreed)
    with transaction.atomic():
        server = _lock_idle(buyer, pk)
        if server.service is not None:
            _operate(server, "replace_system", buyer, now, Replacement(image=image))
            return
        disk = tasks.Disk(image=SystemImage(reference=image, name=image), service=None)
        tasks.request(server.pk, Action.REPLACE, now=now, disk=disk, login=new_login(), actor=buyer.email)


def release(buyer: User, pk: int, *, agreed: bool, now: datetime) -> None:
    """Delete a server with its disk. Raises ``Refused`` without consent."""
    _check_agreed(agreed=agreed)
    with transaction.atomic():
        server = _lock_idle(buyer, pk)
        if server.service is not None:
            _operate(server, "release", buyer, now)
        else:
            tasks.request(server.pk, Action.RELEASE, now=now, actor=buyer.email)


def _check_agreed(*, agreed: bool) -> None:
    if not agreed:
        raise Refused(
            "server.agreement",
            _("Confirm that you understand the consequences."),
            HTTPStatus.BAD_REQUEST,
            field="agreed",
        )


def _own_server(buyer: User, pk: int) -> Server:
    """Return the buyer's server. Raises ``Server.DoesNotExist`` if it belongs to another buyer."""
    return Server.objects.select_related("service__offer__sku", "service__product").get(
        pk=pk, buyer=buyer, status__in=EXISTING_STATUSES
    )


def _lock_idle(buyer: User, pk: int) -> Server:
    """Return the server, idle and locked together with its service, if any. Raises ``Refused`` while an operation is in
    progress."""
    server = _own_server(buyer, pk)
    if server.service_id is not None:
        locked_subscriptions([server.service_id])
    else:
        tasks.locked_server(server.pk)
    server = _own_server(buyer, pk)
    _check_idle(server)
    return server


def _check_idle(server: Server) -> None:
    ordered_lines = OrderLine.objects.filter(
        for_server=server.pk, charging_mode__in=modes_with(lambda mode: mode.postpaid), status=Order.Status.PROCESSING
    )
    is_queued = server.service_id is not None and Operation.objects.filter(
        subscription=server.service_id, status__in=OPEN
    ).exists()  # fmt: skip
    if is_queued or ordered_lines.exists() or server.tasks.filter(status=Task.Status.WAITING).exists():
        raise Refused("server.busy", _("Another operation on this server is in progress. Wait for it to finish."))


def _change_power(server: Server, kind: str, action: Action, buyer: User, now: datetime) -> None:
    if server.service is not None:
        _operate(server, kind, buyer, now)
    else:
        by_buyer = action is Action.STOP
        tasks.request(server.pk, action, now=now, actor=buyer.email, by_buyer=by_buyer)


def _operate(server: Server, kind: str, buyer: User, now: datetime, command: object | None = None) -> None:
    [service] = locked_subscriptions([server.service_id or 0])
    operate(
        [
            OperationRequest(
                kind=kind,
                subscription=service,
                origin=Operation.Origin.BUYER,
                actor=buyer.email,
                wanted=command or NoParameters(),
            )
        ],
        now=now,
    )
