"""What runs on a server of the operator's cloud: operations ask for tasks of ``compute`` in place of calls to a seller
(business-rules §5). A period image asks nobody: it wraps what runs anyway."""

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
from tradepost.market.compute.lifecycle import LIVING
from tradepost.market.compute.models import Server, Task
from tradepost.market.product_types.deliverable import by_cloud
from tradepost.market.product_types.registry import product_type
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Command, Create, Refresh
from tradepost.protocols.contract import Life, Spoken

from .cases import protocols_of
from .contract import ServerTask
from .models import Operation
from .speak import CLOUD as NAME
from .speak import MARKET

USER = "root"
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"


class _Cloud:
    """Satisfies ``Spoken``. ``Refresh`` stands among what can be said: a period image is renewed without asking anybody."""

    def __init__(self) -> None:
        self.name = NAME
        self.activities: Mapping[type[Command], str] = {Create: "create", Refresh: "renew"}
        self.life = Life()


class _Market:
    """Satisfies ``Spoken``: what people or the market itself deliver is true by the market's own word, a renewal too
    (business-rules §2.10)."""

    def __init__(self) -> None:
        self.name = MARKET
        self.activities: Mapping[type[Command], str] = {Create: "open", Refresh: "renew"}
        self.life = Life()


CLOUD: Spoken = _Cloud()
MARKET_SPOKEN: Spoken = _Market()


def spoken_without_interface(subscription: Subscription) -> Spoken | None:
    """Of what no seller's server makes; None for the rest. ``product`` should be fetched."""
    if on_a_server(subscription):
        return CLOUD
    kind = product_type(subscription.product.product_type)
    return MARKET_SPOKEN if kind.by_people or kind.by_market else None


def on_a_server(subscription: Subscription) -> bool:
    """``product`` should be fetched."""
    return by_cloud(subscription.product.product_type)


def spoken_of(subscriptions: Sequence[Subscription]) -> dict[int, Spoken]:
    """What can be said about each of these, by product; products whose seller has no address are left out. One query more
    where ``product`` is not fetched."""
    found: dict[int, Spoken] = {**protocols_of({one.product_id for one in subscriptions})}
    for one in subscriptions:
        if one.product_id not in found and (spoken := spoken_without_interface(one)) is not None:
            found[one.product_id] = spoken
    return found


def ask(
    wanted: ServerTask, operation: Operation, subscription: Subscription, *, now: datetime
) -> Task | Refused | None:
    """The task that the operation waits for; None when nothing is left to be asked: its server is gone, or has another image.
    Why not, of an order whose server is gone."""
    if wanted.action is Action.CREATE:
        return _disk_for(operation, subscription, now)
    server = Server.objects.filter(service=subscription, status__in=LIVING).first()
    if server is None:
        return None
    plain = wanted.action is Action.REPLACE
    return tasks.request(
        server.pk, wanted.action, now=now, owner=operation.pk, actor=operation.actor or "market", by_buyer=wanted.by_buyer,
        disk=tasks.Disk(image=SystemImage(reference=wanted.image, name=wanted.image), service=None) if plain else None,
        login=new_login() if plain else None,
    )  # fmt: skip


def _disk_for(operation: Operation, subscription: Subscription, now: datetime) -> Task | Refused:
    """A server with this image: a new one, or one that is there and gets another system disk."""
    line = operation.line
    if line is None or line.for_server is None:
        raise LookupError("what runs on a server is ordered for one")
    server = Server.objects.filter(pk=line.for_server, buyer=subscription.buyer_id, status__in=LIVING).first()
    if server is None:
        return Refused("server.gone", _("The server that it was ordered for is not there any more."))
    image = SystemImage(reference=image_reference(line.version.document, line.product_id), name=line.product_name)
    return tasks.request(
        server.pk, Action.REPLACE if server.provider_id else Action.CREATE, now=now, owner=operation.pk,
        disk=tasks.Disk(image=image, service=subscription.pk, order=line.order.number), login=new_login(), actor=operation.actor or "market",
    )  # fmt: skip


def image_reference(document: Mapping[str, Any], product: int) -> str:
    """The name of an image in the cloud file: the reviewed version in the asset center, or the product where it has none."""
    asset = documents.load(document).details.fields.get(documents.ASSET, "")
    return f"asset:{asset}" if asset else f"product:{product}"


def address_of(user: str, server: Server) -> str:
    """By which its buyer enters it."""
    return f"ssh://{user}@{server.address}"


def new_login() -> Login:
    """Return an account with all rights and a random password of twenty characters (business-rules §2.7: no preset or weak
    passwords). Capitals, small letters and digits occur: clouds refuse a password without three kinds of characters."""
    while True:
        password = "".join(choice(_LETTERS) for _n in range(20))
        if any(map(str.isupper, password)) and any(map(str.islower, password)) and any(map(str.isdigit, password)):
            return Login(user_name=USER, password=password)
