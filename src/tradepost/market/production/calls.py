"""Ask a seller for something: one row that the engine will work on, committed with the caller's own rows."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from tradepost.market.base import work
from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Product
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols import commands
from tradepost.protocols.commands import Command
from tradepost.protocols.registry import protocol

from .models import Binding, Call


def dump(command: Command) -> dict[str, Any]:
    """A command as JSON values for the database."""
    plain: dict[str, Any] = msgspec.to_builtins(command)
    return plain


def load(kind: str, plain: dict[str, Any]) -> Command:
    """The command of a row again."""
    loaded: Command = msgspec.convert(plain, type=getattr(commands, kind), strict=False)
    return loaded


def ask(
    command: Command,
    *,
    product: Product,
    now: datetime,
    subscription: Subscription | None = None,
    order_number: str = "",
    order_line_number: str = "",
    until_access: bool = False,
    due_at: datetime | None = None,
    give_up_at: datetime | None = None,
) -> Call:
    """Write a call to the production address of ``product``. Raises ``Refused`` when it has none, or when the
    address's protocol has no such activity. ``give_up_at`` bounds the plan when an earlier call started it."""
    binding = Binding.objects.select_related("address").filter(product=product).first()
    if binding is None:
        raise Refused("product.no_address", _("This product has no production address."), HTTPStatus.CONFLICT)
    address = binding.address
    activity = protocol(address.protocol).activities.get(type(command))
    if activity is None:
        raise Refused("protocol.no_activity", f"{address.protocol} has no {type(command).__name__}")
    call = Call.objects.create(
        seller_id=product.seller_id,
        address=address,
        product=product,
        subscription=subscription,
        protocol=address.protocol,
        kind=type(command).__name__,
        activity=activity,
        command=dump(command),
        order_number=order_number,
        order_line_number=order_line_number,
        instance_id=subscription.instance_id if subscription else "",
        until_access=until_access,
        due_at=due_at or now,
        created_at=now,
        give_up_at=give_up_at,
    )
    work.wake()
    return call
