"""The protocol of what people deliver: it has no word for anything, so nothing is ever asked of a server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

from tradepost.protocols.commands import Command
from tradepost.protocols.contract import Life, SellerProtocol


@dataclass(frozen=True, slots=True)
class _NoInterface:
    """What of a protocol is looked at before anything is sent; to send there is nothing."""

    name: str = ""
    title: str = ""
    key_class: str = ""
    prefix: str = ""
    activities: Mapping[type[Command], str] = field(default_factory=dict)
    tells_at_once: bool = False
    life: Life = field(default_factory=Life)
    nonce_kept: timedelta = timedelta(0)


NO_INTERFACE = cast("SellerProtocol", _NoInterface())
