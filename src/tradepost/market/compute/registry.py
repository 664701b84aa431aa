"""Finds the cloud that a market's setting names."""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING

from . import adapters

if TYPE_CHECKING:
    from .contract import Compute


@cache
def cloud(name: str) -> Compute:
    """``name``: of a package under ``adapters/``, or ``module:NAME``. Raises ``LookupError`` for what is neither."""
    module, _, attribute = name.partition(":") if ":" in name else (f"{adapters.__name__}.{name}", "", "CLOUD")
    try:
        found: Compute | None = getattr(importlib.import_module(module), attribute, None)
    except ModuleNotFoundError:
        found = None
    if found is None:
        raise LookupError(f"no cloud {name!r}: compute_adapter names a package under compute/adapters, or module:NAME")
    return found
