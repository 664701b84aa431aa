"""Load the sources from all modules in ``sources/`` with ``SOURCES``."""

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
    """Return the sources by name, in the order of the modules and their tuples."""
    by_name: dict[str, Source[Any]] = {}
    for module in pkgutil.iter_modules(folder.__path__):
        for source in getattr(importlib.import_module(f"{folder.__name__}.{module.name}"), "SOURCES", ()):
            if source.name in by_name:
                raise LookupError(f"two sources of the work queue are called {source.name!r}")
            by_name[source.name] = source
    return by_name
