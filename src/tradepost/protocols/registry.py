"""Finds the protocol folders: every package here with a ``PROTOCOL``, nothing to register by hand."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

import tradepost.protocols

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .contract import SellerProtocol


DEFAULT = "saas_v2"
"""What is meant where nobody says which: the newest of those that are sold most."""


@cache
def protocols() -> Mapping[str, SellerProtocol]:
    """All seller protocols by name, in name order."""
    found: dict[str, SellerProtocol] = {}
    for module in pkgutil.iter_modules(tradepost.protocols.__path__):
        if module.ispkg:
            package = importlib.import_module(f"tradepost.protocols.{module.name}")
            protocol = getattr(package, "PROTOCOL", None)
            if protocol is not None:
                found[protocol.name] = protocol
    return found


def protocol(name: str) -> SellerProtocol:
    """The protocol with this name. Raises ``LookupError`` that lists the names there are."""
    try:
        return protocols()[name]
    except KeyError:
        known = ", ".join(protocols())
        raise LookupError(f"no protocol {name!r}; there are: {known}") from None
