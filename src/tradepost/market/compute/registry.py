"""Load the cloud adapter that the settings name."""

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
    """Return the cloud adapter.

    ``name``: a package under ``adapters/``, or ``module:NAME``. Raises ``LookupError`` if the adapter does not exist,
    its package is not installed, or its cloud file is invalid.
    """
    module, _, attribute = name.partition(":") if ":" in name else (f"{adapters.__name__}.{name}", "", "CLOUD")
    try:
        loaded_module = importlib.import_module(module)
    except ModuleNotFoundError:
        loaded_module = None
    instance: Compute | None = getattr(loaded_module, attribute, None)
    if instance is None and hasattr(loaded_module, "make"):
        return _build(name, loaded_module)
    if instance is None:
        raise LookupError(f"no cloud {name!r}: compute_adapter names a package under compute/adapters, or module:NAME")
    return instance


def _build(name: str, loaded: object) -> Compute:
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
        instance: Compute = loaded.make(setup)  # type: ignore[attr-defined]
    except ValueError as error:
        raise LookupError(str(error)) from error
    return instance
