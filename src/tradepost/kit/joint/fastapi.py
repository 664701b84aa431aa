"""Sign-in by joint operation inside a FastAPI application."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from fastapi import HTTPException, Request
from starlette.responses import Response as StarletteResponse

from .web import Visit, answer, cookies_in, paths, turn_away

if TYPE_CHECKING:
    from fastapi import FastAPI

    from tradepost.protocols.http import Response

    from .login import JointLogin, SignedIn


def add_sign_in(app: FastAPI, login: JointLogin) -> None:
    """Answer sign-in, callback and sign-out. The directory and the auth centre are asked in threads."""

    async def pages(request: Request) -> StarletteResponse:
        return _response(await asyncio.to_thread(answer, login, _visit(request)))

    for path in dict.fromkeys(paths(login)):
        app.add_api_route(path, pages, methods=["GET", "POST"], include_in_schema=False)


async def who(login: JointLogin, request: Request) -> SignedIn | None:
    """Who asks, at a page for everybody."""
    return await asyncio.to_thread(login.who, cookies_in(request.headers.get("cookie", "")))


def login_required(login: JointLogin) -> Callable[[Request], Awaitable[SignedIn]]:
    """A dependency of pages for people who are signed in, synchronous or not; others are sent to sign in and come back, and a
    request that cannot come back is refused with 401.

    >>> Person = Annotated[SignedIn, Depends(login_required(login))]
    >>> @app.get("/")
    ... def home(person: Person) -> str:
    ...     return f"Hello, {person.name}"
    """

    async def required(request: Request) -> SignedIn:
        person = await who(login, request)
        if person is None:
            response = turn_away(login, _visit(request))
            location = response.header("Location")
            headers = {"Location": location} if location else None
            raise HTTPException(response.status, "Sign in first", headers)
        return person

    return required


def _visit(request: Request) -> Visit:
    return Visit(
        method=request.method,
        path=request.url.path,
        query=request.url.query,
        cookie=request.headers.get("cookie", ""),
        language=request.headers.get("accept-language", ""),
    )


def _response(response: Response) -> StarletteResponse:
    made = StarletteResponse(response.body, response.status)
    for name, value in response.headers:
        made.headers.append(name, value)
    return made
