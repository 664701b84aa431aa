"""Find the scanners: every package under ``scanners/`` with a ``SCANNER``."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from . import scanners as folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .scan_contract import Scanner


@cache
def scanners() -> Mapping[str, Scanner]:
    by_name: dict[str, Scanner] = {}
    for module in pkgutil.iter_modules(folder.__path__):
        scanner = getattr(importlib.import_module(f"{folder.__name__}.{module.name}"), "SCANNER", None)
        if scanner is not None:
            by_name[scanner.name] = scanner
    return by_name
