"""Pages that only some markets offer. Navigation and site search hide them elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.conf import settings

from tradepost.market.base.config import config


def _has_cloud() -> bool:
    return bool(settings.CLOUD)


def _is_sandbox() -> bool:
    return config().sandbox


_CONDITIONS: Mapping[str, Callable[[], bool]] = {
    **dict.fromkeys(("console:servers", "console:images", "seller_center:servers", "storefront:servers"), _has_cloud),
    "seller_center:try_out": _is_sandbox,
}


def is_offered(name: str) -> bool:
    """Return whether this market offers a page. ``name``: its URL name with the namespace."""
    condition = _CONDITIONS.get(name)
    return condition is None or condition()
