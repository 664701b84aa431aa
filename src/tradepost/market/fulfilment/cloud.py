"""Services on a server of the operator's cloud: operations create tasks of ``compute`` instead of calls to a seller
(business-rules §5). A period image needs no task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from secrets import choice
from typing import Any

from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.catalog import document as documents
from tradepost.market.compute import tasks
from tradepost.market.compute.contract import Action, Login, SystemImage
from tradepost.market.compute.lifecycle import ACTIVE_STATUSES
from tradepost.market.compute.models import Server, Task
from tradepost.market.product_types.deliverable import runs_in_cloud
from tradepost.market.product_types.registry import product_type
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Command, Create, Refresh
from tradepost.protocols.contract import CommandSet, Life

from .cases import protocols_of
from .contract import ServerTask
from .models import Operation
from .speak import CLOUD as NAME
from .speak import MARKET

USER = "root"
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"


class _Cloud:
    """Implements ``Spoken`` for the cloud. ``Refresh`` is included because a period image is renewed without a task."""

    def __init__(self) -> None:
        self.name = NAME
        self.activities: Mapping[type[Command], str] = {Create: "create", Refresh: "renew"}
        self.life = Life()


class _Market:
    """Implements ``Spoken`` for deliveries by people or the market itself, whose operations succeed by the market's
    decision (business-rules §2.10)."""

    def __init__(self) -> None:
        self.name = MARKET
        self.activities: Mapping[type[Command], str] = {Create: "open", Refresh: "renew"}
        self.life = Life()


CLOUD: CommandSet = _Cloud()
MARKET_COMMANDS: CommandSet = _Market()


def internal_protocol(subscription: Subscription) -> CommandSet | None:
    """Return the protocol of products without a seller's server; None for others. ``product`` should be fetched."""
    if runs_on_server(subscription):
        return CLOUD
    kind = product_type(subscription.product.product_type)
    return MARKET_COMMANDS if kind.by_people or kind.by_market else None


def runs_on_server(subscription: Subscription) -> bool:
    """``product`` should be fetched."""
    return runs_in_cloud(subscription.product.product_type)


def protocols_for(subscriptions: Sequence[Subscription]) -> dict[int, CommandSet]:
    """Return the protocol by product key; products without an address are left out. One more query if ``product`` is
    not fetched."""
    by_product: dict[int, CommandSet] = {**protocols_of({subscription.product_id for subscription in subscriptions})}
    for subscription in subscriptions:
        if (
            subscription.product_id not in by_product
            and (market_protocol := internal_protocol(subscription)) is not None
        ):
            by_product[subscription.product_id] = market_protocol
    return by_product


def request_task(
    server_task: ServerTask, operation: Operation, subscription: Subscription, *, now: datetime
) -> Task | Refused | None:
    """Return the task of the operation; None if the server is gone or has another image. Return a refusal for an order
    whose server is gone."""
    if server_task.action is Action.CREATE:
        return _disk_for(operation, subscription, now)
    server = Server.objects.filter(service=subscription, status__in=ACTIVE_STATUSES).first()
    if server is None:
        return None
    replaces = server_task.action is Action.REPLACE
    return tasks.request(
        server.pk, server_task.action, now=now, owner=operation.pk, actor=operation.actor or "market", by_buyer=server_task.by_buyer,
        disk=tasks.Disk(image=SystemImage(reference=server_task.image, name=server_task.image), service=None) if replaces else None,
        login=new_login() if replaces else None,
    )  # fmt: skip


def _disk_for(operation: Operation, subscription: Subscription, now: datetime) -> Task | Refused:
    """Request a new server with this image, or another system disk for an existing one."""
    line = operation.line
    if line is None or line.for_server is None:
        raise LookupError("what runs on a server is ordered for one")
    server = Server.objects.filter(pk=line.for_server, buyer=subscription.buyer_id, status__in=ACTIVE_STATUSES).first()
    if server is None:
        return Refused("server.gone", _("The server selected for the order no longer exists."))
    image = SystemImage(reference=image_reference(line.version.document, line.product_id), name=line.product_name)
    return tasks.request(
        server.pk, Action.REPLACE if server.provider_id else Action.CREATE, now=now, owner=operation.pk,
        disk=tasks.Disk(image=image, service=subscription.pk, order=line.order.number), login=new_login(), actor=operation.actor or "market",
    )  # fmt: skip


def image_reference(document: Mapping[str, Any], product: int) -> str:
    """Return the name of an image in the cloud file: the reviewed version in the asset center, otherwise the product."""
    asset = documents.load(document).details.fields.get(documents.ASSET, "")
    return f"asset:{asset}" if asset else f"product:{product}"


def address_of(user: str, server: Server) -> str:
    """Return the address by which the buyer connects."""
    return f"ssh://{user}@{server.address}"


def new_login() -> Login:
    """Return an account with full rights and a random password of twenty characters (business-rules §2.7: no preset or
    weak passwords). It has upper case, lower case and digits, because clouds require three kinds of characters."""
    while True:
        password = "".join(choice(_LETTERS) for _n in range(20))
        if any(map(str.isupper, password)) and any(map(str.islower, password)) and any(map(str.isdigit, password)):
            return Login(user_name=USER, password=password)
