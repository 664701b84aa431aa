"""What a buyer does with servers: create one with an image, start it, stop it, give it another disk, delete it; and buy a
period image for one (business-rules §5). Nothing here waits for the cloud: it is asked by operations and tasks.
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
from tradepost.market.compute.lifecycle import LIVING as THERE_OR_COMING
from tradepost.market.compute.lifecycle import THERE
from tradepost.market.compute.models import Server, Task
from tradepost.market.fulfilment.cases import locked_subscriptions
from tradepost.market.fulfilment.cloud import new_login
from tradepost.market.fulfilment.contract import Nothing
from tradepost.market.fulfilment.kinds.replace_system import Replacement
from tradepost.market.fulfilment.models import OPEN, Operation
from tradepost.market.fulfilment.operate import OperationRequest, operate
from tradepost.market.identity.models import User
from tradepost.market.orders.buy import buy, order_of
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.place import PlaceOrder, find_offer
from tradepost.market.product_types.charging import modes_that
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVING

from .models import ImageBinding

LONGEST_NAME = 64


class CreateServer(Struct, frozen=True, kw_only=True):
    """``product_id``: of an offer on demand. ``quote``: as checkout has it."""

    product_id: str
    name: str
    size: str
    agreed: bool = False
    agreements: str = ""
    quote: str = ""
    idempotency_key: str = ""


class ForServer(Struct, frozen=True, kw_only=True):
    """An order for a server that is there: another image on its disk (on demand), or a period image that covers it."""

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
    """Order the image on demand with a server of its own. Raises ``Refused``; nothing is ordered or created then."""
    if (made := order_of(buyer, command.idempotency_key)) is not None:
        return made
    _only_on_demand(command.product_id)
    name = _name(command.name)
    if command.size not in {size.code for size in cloud.sizes}:
        raise _wrong("size", _("Choose one of the sizes."))
    with transaction.atomic():
        User.objects.select_for_update(of=("self",), no_key=True).get(pk=buyer.pk)  # two at once are counted
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
            server.delete()  # the same request, sent twice at the same moment, was first
    return order


def _only_on_demand(product_id: str) -> None:
    if not find_offer(product_id).charging.postpaid:
        raise _wrong("product_id", _("A server is created with an image that is billed by the hour."))


def _name(typed: str) -> str:
    name = " ".join(typed.split())
    if not name or len(name) > LONGEST_NAME:
        raise _wrong("name", _("Give the server a name of at most %(most)s characters.") % {"most": LONGEST_NAME})
    return name


def _wrong(field: str, words: str) -> Refused:
    return Refused(f"server.{field}", words, HTTPStatus.BAD_REQUEST, field=field)


def replace_with(buyer: User, command: ForServer, *, rules: Rules, now: datetime) -> Order:
    """Order another image on demand for the disk of a server. What was on it ends when that is done. Raises ``Refused``."""
    if (made := order_of(buyer, command.idempotency_key)) is not None:
        return made
    _only_on_demand(command.product_id)
    with transaction.atomic():
        server = _own(buyer, command.server)
        _not_busy(server)
        return _order(buyer, command, rules=rules, now=now)


def buy_image(buyer: User, command: ForServer, *, rules: Rules, now: datetime) -> Order:
    """Order a period image that covers a server: unpaid, in effect when it is paid. Raises ``Refused``."""
    if (made := order_of(buyer, command.idempotency_key)) is not None:
        return made
    offer = find_offer(command.product_id)
    if not offer.charging.ends:
        raise _wrong("product_id", _("Choose a period image: by the month or the year."))
    with transaction.atomic():
        server = _own(buyer, command.server)
        runs = server.service
        if runs is None or runs.status not in LIVING or runs.offer.sku.spec_id != offer.sku.spec_id:
            raise _wrong(
                "server",
                _("Choose a server that runs this image: a period image covers what is billed by the hour there."),
            )
        if ImageBinding.objects.filter(server=server, to_at=None).exists() or _ordered(server):
            raise _wrong(
                "server", _("This server has a period image already, or one is being bought. It can be renewed.")
            )
        return _order(buyer, command, rules=rules, now=now)


def _ordered(server: Server) -> bool:
    """A period image for it is on its way."""
    under_way = [Order.Status.UNPAID, Order.Status.PROCESSING]
    prepaid = modes_that(lambda mode: mode.ends)
    return OrderLine.objects.filter(for_server=server.pk, charging_mode__in=prepaid, status__in=under_way).exists()


def _order(buyer: User, command: ForServer, *, rules: Rules, now: datetime) -> Order:
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
    """Raises ``Refused`` for a server that does not stand still, or whose service is frozen."""
    with transaction.atomic():
        server = _held(buyer, pk)
        if server.status != Server.Status.STOPPED:
            raise Refused("server.not_stopped", _("This server is not stopped."))
        if server.service is not None and server.service.status == Subscription.Status.FROZEN:
            raise Refused(
                "server.frozen",
                _("The service is frozen: see on its page why. Its server starts again when that is over."),
            )
        _do(server, "start_server", Action.START, buyer, now)


def stop(buyer: User, pk: int, *, now: datetime) -> None:
    """It costs nothing by the hour while it is stopped; a period image runs on. Raises ``Refused``."""
    with transaction.atomic():
        server = _held(buyer, pk)
        if server.status not in {Server.Status.RUNNING, Server.Status.BROKEN}:
            raise Refused("server.not_running", _("This server does not run."))
        _do(server, "stop_server", Action.STOP, buyer, now)


def replace_plain(buyer: User, pk: int, image: str, cloud: Compute, *, agreed: bool, now: datetime) -> None:
    """Give it a disk from an image of the cloud's own: the market bills nothing for it any more. Raises ``Refused``."""
    if image not in {one.code for one in cloud.images}:
        raise _wrong("image", _("Choose one of the images."))
    _check_agreed(agreed=agreed)
    with transaction.atomic():
        server = _held(buyer, pk)
        if server.service is not None:
            _operate(server, "replace_system", buyer, now, Replacement(image=image))
            return
        disk = tasks.Disk(image=SystemImage(reference=image, name=image), service=None)
        tasks.request(server.pk, Action.REPLACE, now=now, disk=disk, login=new_login(), actor=buyer.email)


def release(buyer: User, pk: int, *, agreed: bool, now: datetime) -> None:
    """Delete it with its disk. Raises ``Refused`` without consent."""
    _check_agreed(agreed=agreed)
    with transaction.atomic():
        server = _held(buyer, pk)
        if server.service is not None:
            _operate(server, "release", buyer, now)
        else:
            tasks.request(server.pk, Action.RELEASE, now=now, actor=buyer.email)


def _check_agreed(*, agreed: bool) -> None:
    if not agreed:
        raise Refused(
            "server.agreement", _("Confirm that you know what happens then."), HTTPStatus.BAD_REQUEST, field="agreed"
        )


def _own(buyer: User, pk: int) -> Server:
    """Raises ``Server.DoesNotExist`` for somebody else's."""
    return Server.objects.select_related("service__offer__sku", "service__product").get(
        pk=pk, buyer=buyer, status__in=THERE
    )


def _held(buyer: User, pk: int) -> Server:
    """The server with its service locked, if it has one, and nothing under way on it."""
    server = _own(buyer, pk)
    if server.service_id is not None:
        locked_subscriptions([server.service_id])
    else:
        tasks.locked_server(server.pk)
    found = _own(buyer, pk)
    _not_busy(found)
    return found


def _not_busy(server: Server) -> None:
    ordered = OrderLine.objects.filter(
        for_server=server.pk, charging_mode__in=modes_that(lambda mode: mode.postpaid), status=Order.Status.PROCESSING
    )
    queued = server.service_id is not None and Operation.objects.filter(
        subscription=server.service_id, status__in=OPEN
    ).exists()  # fmt: skip
    if queued or ordered.exists() or server.tasks.filter(status=Task.Status.WAITING).exists():
        raise Refused("server.busy", _("Something is being done to this server: wait until it has ended."))


def _do(server: Server, kind: str, action: Action, buyer: User, now: datetime) -> None:
    if server.service is not None:
        _operate(server, kind, buyer, now)
    else:
        by_buyer = action is Action.STOP
        tasks.request(server.pk, action, now=now, actor=buyer.email, by_buyer=by_buyer)


def _operate(server: Server, kind: str, buyer: User, now: datetime, wanted: object | None = None) -> None:
    [service] = locked_subscriptions([server.service_id or 0])
    operate(
        [
            OperationRequest(
                kind=kind,
                subscription=service,
                origin=Operation.Origin.BUYER,
                actor=buyer.email,
                wanted=wanted or Nothing(),
            )
        ],
        now=now,
    )
