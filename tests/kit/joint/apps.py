"""One application for each framework: a page for signed-in people, and a public one."""

import asyncio
import inspect
from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request

from tradepost.kit.joint import JointLogin, SignedIn


def flask_app(login: JointLogin) -> Any:
    import flask

    from tradepost.kit.joint.flask import blueprint, login_required, who

    app = flask.Flask(__name__)
    app.register_blueprint(blueprint(login))

    @app.get("/public")
    def public() -> str:
        person = who(login)
        return "nobody" if person is None else person.account

    @app.route("/sync", methods=["GET", "POST"])
    @login_required(login)
    def home() -> str:
        return str(flask.g.signed_in.account)

    @login_required(login)
    async def later() -> str:
        return str(flask.g.signed_in.account)

    app.add_url_rule("/async", "later", later)

    return app


def django_app(login: JointLogin) -> Any:
    from django.core.handlers.wsgi import WSGIRequest
    from django.http import HttpRequest, HttpResponse
    from django.urls import URLResolver, path
    from django.urls.resolvers import RegexPattern

    from tradepost.kit.joint.django import login_required, urls, who

    def public(request: HttpRequest) -> HttpResponse:
        person = who(login, request)
        return HttpResponse("nobody" if person is None else person.account)

    @login_required(login)
    def home(request: HttpRequest) -> HttpResponse:
        return HttpResponse(request.signed_in.account)  # type: ignore[attr-defined]  # the decorator sets it

    @login_required(login)
    async def later(request: HttpRequest) -> HttpResponse:
        return HttpResponse(request.signed_in.account)  # type: ignore[attr-defined]  # the decorator sets it

    patterns = [*urls(login), path("public", public), path("sync", home), path("async", later)]
    resolver = URLResolver(RegexPattern("^/"), patterns)

    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        """Django's own handler would add the market's middleware."""
        request = WSGIRequest(environ)
        found = resolver.resolve(request.path_info)
        response = found.func(request, *found.args, **found.kwargs)
        if inspect.isawaitable(response):
            response = asyncio.run(_result(response))
        headers = [*response.items(), *(("Set-Cookie", one.OutputString()) for one in response.cookies.values())]
        start_response(f"{response.status_code} Text", headers)
        return [response.content]

    return app


async def _result(awaited: Any) -> Any:
    return await awaited


def fastapi_app(login: JointLogin) -> Any:
    from tradepost.kit.joint.fastapi import add_sign_in, login_required, who

    app = FastAPI()
    add_sign_in(app, login)

    @app.get("/public")
    async def public(request: Request) -> str:
        person = await who(login, request)
        return "nobody" if person is None else person.account

    @app.api_route("/sync", methods=["GET", "POST"])
    def home(person: Annotated[SignedIn, Depends(login_required(login))]) -> str:
        return person.account

    @app.get("/async")
    async def later(person: Annotated[SignedIn, Depends(login_required(login))]) -> str:
        return person.account

    return _on_wsgi(app)


def _on_wsgi(app: Any) -> Any:
    """Handle a request of an ASGI application in this process instead of a separate server."""

    def answer(environ: Any, start_response: Any) -> Iterable[bytes]:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b""}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        headers = [
            (name.removeprefix("HTTP_").replace("_", "-").lower().encode(), value.encode("latin-1"))
            for name, value in environ.items()
            if name.startswith("HTTP_")
        ]
        scope = {
            "type": "http", "http_version": "1.1", "method": environ["REQUEST_METHOD"], "path": environ["PATH_INFO"],
            "query_string": environ["QUERY_STRING"].encode(), "headers": headers, "scheme": "http",
            "server": (environ["SERVER_NAME"], int(environ["SERVER_PORT"])),
        }  # fmt: skip
        asyncio.run(app(scope, receive, send))
        start, *bodies = sent
        told = [(name.decode(), value.decode("latin-1")) for name, value in start["headers"]]
        start_response(f"{start['status']} Text", told)
        return [body.get("body", b"") for body in bodies]

    return answer


def asgi_app(login: JointLogin) -> Any:
    from tradepost.kit.joint.asgi import send_to_sign_in, who, with_sign_in

    async def home(scope: Any, receive: Any, send: Any) -> None:
        person = await who(login, scope)
        if person is None and scope["path"] != "/public":
            await send_to_sign_in(login, scope, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"Content-Type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"nobody" if person is None else person.account.encode()})

    return _on_wsgi(with_sign_in(login, home))


def wsgi_app(login: JointLogin) -> Any:
    from tradepost.kit.joint.wsgi import send_to_sign_in, who, with_sign_in

    def home(environ: Any, start_response: Any) -> Iterable[bytes]:
        person = who(login, environ)
        if person is None and environ["PATH_INFO"] != "/public":
            return send_to_sign_in(login, environ, start_response)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"nobody" if person is None else person.account.encode()]

    return with_sign_in(login, home)
