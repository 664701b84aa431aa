"""Finds the cloud that a market's setting names."""

from __future__ import annotations

import importlib
import importlib.util
from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings

from . import adapters
from .cloud_file import SETTING, Setup

if TYPE_CHECKING:
    from .contract import Compute


@cache
def cloud(name: str) -> Compute:
    """``name``: of a package under ``adapters/``, or ``module:NAME``. Raises ``LookupError`` when there is none, its package is not
    installed, or its cloud file cannot be read."""
    module, _, attribute = name.partition(":") if ":" in name else (f"{adapters.__name__}.{name}", "", "CLOUD")
    try:
        loaded = importlib.import_module(module)
    except ModuleNotFoundError:
        loaded = None
    found: Compute | None = getattr(loaded, attribute, None)
    if found is None and hasattr(loaded, "make"):
        return _made(name, loaded)
    if found is None:
        raise LookupError(f"no cloud {name!r}: compute_adapter names a package under compute/adapters, or module:NAME")
    return found


def _made(name: str, loaded: object) -> Compute:
    configured, package = settings.COMPUTE, loaded.PACKAGE  # type: ignore[attr-defined]
    if importlib.util.find_spec(package) is None:
        raise LookupError(
            f"compute_adapter {name}: the package {package} is missing. Install tradepost[market,{name}]."
        )
    if configured["file"] is None:
        raise LookupError(f"compute_adapter {name} needs a cloud file: set {SETTING}")
    setup = Setup(
        path=configured["file"], outbound=configured["outbound"], access_key=configured["access_key"],
        secret_key=configured["secret_key"],
    )  # fmt: skip
    try:
        made: Compute = loaded.make(setup)  # type: ignore[attr-defined]
    except ValueError as wrong:
        raise LookupError(str(wrong)) from wrong
    return made
