"""Find the kinds of products: every package under ``kinds/`` with a ``KIND``."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from . import kinds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .contract import ProductType


@cache
def product_types() -> Mapping[str, ProductType]:
    by_code: dict[str, ProductType] = {}
    for module in pkgutil.iter_modules(kinds.__path__):
        kind = getattr(importlib.import_module(f"{kinds.__name__}.{module.name}"), "KIND", None)
        if kind is not None:
            by_code[kind.code] = kind
    return by_code


def kinds_with_interface() -> list[str]:
    """Return the codes of the kinds whose orders need a production address."""
    return [code for code, kind in product_types().items() if kind.needs_interface]


def product_type(code: str) -> ProductType:
    try:
        return product_types()[code]
    except KeyError:
        raise LookupError(f"no product type {code!r}; there are: {', '.join(product_types())}") from None
