"""Sign-in by joint operation inside a Flask application."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import flask

from .web import Visit, answer, cookies_in, paths, sign_in_redirect

if TYPE_CHECKING:
    from tradepost.protocols.http import Response

    from .login import JointLogin, SignedIn


def blueprint(login: JointLogin, *, name: str = "tradepost_sign_in") -> flask.Blueprint:
    """Return a blueprint with sign-in, callback and sign-out: ``app.register_blueprint(blueprint(login))``. ``name``:
    distinguishes two of them."""
    sign_in_blueprint = flask.Blueprint(name, __name__)

    def pages() -> flask.Response:
        return _response(answer(login, _visit()))

    for path in dict.fromkeys(paths(login)):
        sign_in_blueprint.add_url_rule(path, "pages", pages, methods=("GET", "POST"))
    return sign_in_blueprint


def who(login: JointLogin) -> SignedIn | None:
    """Return the signed-in person, for pages that do not require a sign-in."""
    return login.who(cookies_in(flask.request.headers.get("Cookie", "")))


def login_required[V: Callable[..., Any]](login: JointLogin) -> Callable[[V], Callable[..., Any]]:
    """Decorate a page for people who are signed in, available as ``flask.g.signed_in``. Others are sent to sign in and
    return afterwards. The function may be asynchronous.

    >>> @app.get("/")
    ... @login_required(login)
    ... def home():
    ...     return f"Hello, {flask.g.signed_in.name}"
    """

    def decorate(view: V) -> Callable[..., Any]:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            person = who(login)
            if person is None:
                return _response(sign_in_redirect(login, _visit()))
            flask.g.signed_in = person
            return flask.current_app.ensure_sync(view)(*args, **kwargs)

        return guarded

    return decorate


def _visit() -> Visit:
    request = flask.request
    return Visit(
        method=request.method,
        path=request.path,
        query=request.query_string.decode("latin-1"),
        cookie=request.headers.get("Cookie", ""),
        language=request.headers.get("Accept-Language", ""),
    )


def _response(response: Response) -> flask.Response:
    return flask.Response(response.body, response.status, list(response.headers))
