"""Finds the sources: every module under ``sources/`` with ``SOURCES``."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from . import sources as folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .contract import Source


@cache
def sources() -> Mapping[str, Source[Any]]:
    """By name, in the order of the modules and of each one's tuple."""
    found: dict[str, Source[Any]] = {}
    for module in pkgutil.iter_modules(folder.__path__):
        for source in getattr(importlib.import_module(f"{folder.__name__}.{module.name}"), "SOURCES", ()):
            if source.name in found:
                raise LookupError(f"two sources of the work queue are called {source.name!r}")
            found[source.name] = source
    return found
