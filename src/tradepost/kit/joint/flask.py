"""Sign-in by joint operation inside a Flask application."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import flask

from .web import Visit, answer, cookies_in, paths, turn_away

if TYPE_CHECKING:
    from tradepost.protocols.http import Response

    from .login import JointLogin, SignedIn


def blueprint(login: JointLogin, *, name: str = "tradepost_sign_in") -> flask.Blueprint:
    """``app.register_blueprint(blueprint(login))`` answers sign-in, callback and sign-out. ``name`` tells two of them apart."""
    made = flask.Blueprint(name, __name__)

    def pages() -> flask.Response:
        return _response(answer(login, _visit()))

    for path in dict.fromkeys(paths(login)):
        made.add_url_rule(path, "pages", pages, methods=("GET", "POST"))
    return made


def who(login: JointLogin) -> SignedIn | None:
    """Who asks, at a page for everybody."""
    return login.who(cookies_in(flask.request.headers.get("Cookie", "")))


def login_required[V: Callable[..., Any]](login: JointLogin) -> Callable[[V], Callable[..., Any]]:
    """A page for people who are signed in, found as ``flask.g.signed_in``; others are sent to sign in and come back. The function
    may be asynchronous.

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
                return _response(turn_away(login, _visit()))
            flask.g.signed_in = person
            return flask.current_app.ensure_sync(view)(*args, **kwargs)

        return guarded

    return decorate


def _visit() -> Visit:
    asked = flask.request
    return Visit(
        method=asked.method,
        path=asked.path,
        query=asked.query_string.decode("latin-1"),
        cookie=asked.headers.get("Cookie", ""),
        language=asked.headers.get("Accept-Language", ""),
    )


def _response(response: Response) -> flask.Response:
    return flask.Response(response.body, response.status, list(response.headers))
