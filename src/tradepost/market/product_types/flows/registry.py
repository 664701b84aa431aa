"""Find the flows of supervised delivery: every module beside this one with a ``FLOW``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from .contract import Flow


@cache
def flows() -> Mapping[str, Flow]:
    package = __name__.rpartition(".")[0]
    by_code: dict[str, Flow] = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        flow = getattr(importlib.import_module(f"{package}.{module.name}"), "FLOW", None)
        if isinstance(flow, Flow):
            by_code[flow.code] = flow
    return by_code


def flow(code: str) -> Flow:
    try:
        return flows()[code]
    except KeyError:
        raise LookupError(f"no flow {code!r}; there are: {', '.join(flows())}") from None
