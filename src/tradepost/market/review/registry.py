"""Find the kinds of submissions: every package under ``kinds/`` with a ``KIND``."""

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
def review_kinds() -> Mapping[str, AnyKind]:
    by_name: dict[str, AnyKind] = {}
    for module in pkgutil.iter_modules(kinds.__path__):
        kind = getattr(importlib.import_module(f"{kinds.__name__}.{module.name}"), "KIND", None)
        if kind is not None:
            by_name[kind.name] = kind
    return by_name


def review_kind(name: str) -> AnyKind:
    try:
        return review_kinds()[name]
    except KeyError:
        raise LookupError(f"no kind of submission {name!r}; there are: {', '.join(review_kinds())}") from None
