"""Sign-in by joint operation inside a FastAPI application."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from fastapi import HTTPException, Request
from starlette.responses import Response as StarletteResponse

from .web import Visit, answer, cookies_in, paths, sign_in_redirect

if TYPE_CHECKING:
    from fastapi import FastAPI

    from tradepost.protocols.http import Response

    from .login import JointLogin, SignedIn


def add_sign_in(app: FastAPI, login: JointLogin) -> None:
    """Add the pages for sign-in, callback and sign-out. The directory and the auth centre are called in threads."""

    async def pages(request: Request) -> StarletteResponse:
        return _response(await asyncio.to_thread(answer, login, _visit(request)))

    for path in dict.fromkeys(paths(login)):
        app.add_api_route(path, pages, methods=["GET", "POST"], include_in_schema=False)


async def who(login: JointLogin, request: Request) -> SignedIn | None:
    """Return the signed-in person, for pages that do not require a sign-in."""
    return await asyncio.to_thread(login.who, cookies_in(request.headers.get("cookie", "")))


def login_required(login: JointLogin) -> Callable[[Request], Awaitable[SignedIn]]:
    """Return a dependency for pages that require a sign-in, synchronous or not. Visitors are sent to sign in and return
    afterwards; a request that cannot return is refused with 401.

    >>> Person = Annotated[SignedIn, Depends(login_required(login))]
    >>> @app.get("/")
    ... def home(person: Person) -> str:
    ...     return f"Hello, {person.name}"
    """

    async def required(request: Request) -> SignedIn:
        person = await who(login, request)
        if person is None:
            response = sign_in_redirect(login, _visit(request))
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
    starlette_response = StarletteResponse(response.body, response.status)
    for name, value in response.headers:
        starlette_response.headers.append(name, value)
    return starlette_response
