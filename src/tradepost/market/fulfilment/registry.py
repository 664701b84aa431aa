"""Registry of operation kinds: every module under ``kinds/`` with a ``KIND``."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from . import kinds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .contract import AnyKind


@cache
def operation_kinds() -> Mapping[str, AnyKind]:
    by_name: dict[str, AnyKind] = {}
    for module in pkgutil.iter_modules(kinds.__path__):
        kind = getattr(importlib.import_module(f"{kinds.__name__}.{module.name}"), "KIND", None)
        if kind is not None:
            by_name[kind.name] = kind
    return by_name


def operation_kind(name: str) -> AnyKind:
    try:
        return operation_kinds()[name]
    except KeyError:
        raise LookupError(f"no kind of operation {name!r}; there are: {', '.join(operation_kinds())}") from None
