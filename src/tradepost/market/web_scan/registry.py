"""Find the checks: every module under ``checks/`` with a ``CHECK``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from . import checks
from .check import Check
from .contract import Fault


@cache
def all_checks() -> tuple[Check, ...]:
    """In the order of running."""
    result = []
    for module in pkgutil.iter_modules(checks.__path__):
        check = getattr(importlib.import_module(f"{checks.__name__}.{module.name}"), "CHECK", None)
        if check is not None:
            result.append(check)
    return tuple(sorted(result, key=lambda check: check.order))


@cache
def faults() -> Mapping[str, Fault]:
    """Return every fault that may be found, by its code."""
    return {fault.code: fault for check in all_checks() for fault in check.faults}
