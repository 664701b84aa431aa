"""A seller inside a FastAPI or Starlette application, as raw ASGI, since Starlette's own responses lower header
names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .asgi import asgi
from .wsgi import fresh_nonce, utc_now

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from starlette.applications import Starlette

    from .seller import Seller


def add_seller(
    app: Starlette,
    seller: Seller,
    path: str = "/produce",
    *,
    protocol: str = "",
    clock: Callable[[], datetime] = utc_now,
    chance: Callable[[], str] = fresh_nonce,
) -> None:
    """Answer the market at ``path``, and joint-operation calls below it. Run it with ``uvicorn --http h11`` or
    Hypercorn.

    It adds a route rather than using ``app.mount``, which answers the path itself with a redirect that markets refuse.
    ``protocol``: serve only this protocol, if each has its own path. Raises ``LookupError`` for a protocol that the
    seller does not support.
    """
    produce = asgi(seller, protocol=protocol, clock=clock, chance=chance)
    for prefix in seller.prefixes(protocol):
        app.router.add_route(
            f"{path.rstrip('/')}{prefix}{{call}}" if prefix else path,
            produce,  # type: ignore[arg-type]  # Starlette's types know functions only; its code takes any ASGI application
            include_in_schema=False,
        )
