"""Sign-in by joint operation for an ASGI application without a framework."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tradepost.kit.asgi import send_response

from .web import Visit, answer, cookies_in, paths, sign_in_redirect

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tradepost.kit.asgi import Receive, Scope, Send

    from .login import JointLogin, SignedIn

    type Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def with_sign_in(login: JointLogin, application: Application) -> Application:
    """Wrap the application with the pages for sign-in, callback and sign-out. The directory and the auth centre are
    called in threads."""
    sign_in_paths = frozenset(paths(login))

    async def pages(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in sign_in_paths:
            await send_response(await asyncio.to_thread(answer, login, _visit(scope)), send)
        else:
            await application(scope, receive, send)

    return pages


async def who(login: JointLogin, scope: Scope) -> SignedIn | None:
    """Return the signed-in person of any request."""
    return await asyncio.to_thread(login.who, cookies_in(_header(scope, b"cookie")))


async def send_to_sign_in(login: JointLogin, scope: Scope, send: Send) -> None:
    """Redirect a visitor who is not signed in from a protected page."""
    await send_response(sign_in_redirect(login, _visit(scope)), send)


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
