"""Sign-in by joint operation around an ASGI application, without a framework."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tradepost.kit.asgi import send_response

from .web import Visit, answer, cookies_in, paths, turn_away

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tradepost.kit.asgi import Receive, Scope, Send

    from .login import JointLogin, SignedIn

    type Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def with_sign_in(login: JointLogin, application: Application) -> Application:
    """The application with the pages of sign-in, callback and sign-out in front of it; rows and auth centre are asked in threads."""
    own = frozenset(paths(login))

    async def pages(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in own:
            await send_response(await asyncio.to_thread(answer, login, _visit(scope)), send)
        else:
            await application(scope, receive, send)

    return pages


async def who(login: JointLogin, scope: Scope) -> SignedIn | None:
    """Who asks, at any page."""
    return await asyncio.to_thread(login.who, cookies_in(_header(scope, b"cookie")))


async def send_to_sign_in(login: JointLogin, scope: Scope, send: Send) -> None:
    """The answer to somebody who is not signed in, at a page for those who are."""
    await send_response(turn_away(login, _visit(scope)), send)


def _visit(scope: Scope) -> Visit:
    return Visit(
        method=scope["method"],
        path=scope["path"],
        query=scope.get("query_string", b"").decode("latin-1"),
        cookie=_header(scope, b"cookie"),
        language=_header(scope, b"accept-language"),
    )


def _header(scope: Scope, name: bytes) -> str:
    return "; ".join(value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name)
