"""A seller inside a Flask application, as a blueprint with one route."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flask
from werkzeug.exceptions import HTTPException

from .wsgi import BODY_LIMIT, fresh_nonce, request_from, utc_now

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from .seller import Seller

# The kit handles all methods, so that a faulty market gets a signed answer instead of an error page of the framework.
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def blueprint(
    seller: Seller,
    path: str = "/produce",
    *,
    name: str = "tradepost_seller",
    protocol: str = "",
    clock: Callable[[], datetime] = utc_now,
    chance: Callable[[], str] = fresh_nonce,
) -> flask.Blueprint:
    """Return a blueprint that answers the market at ``path``, and joint-operation calls below it. Register it with
    ``app.register_blueprint(blueprint(seller))``.

    Run the application with waitress or gunicorn. ``name``: distinguishes two blueprints of an application.
    ``protocol``: serve only this protocol, if each has its own path. Raises ``LookupError`` for a protocol that the
    seller does not support.
    """
    seller_blueprint = flask.Blueprint(name, __name__)

    def produce(**_call: str) -> flask.Response:
        nonce = chance()
        body = _body()
        if body is None:
            response = seller.refuse(
                f"the body is unreadable or longer than {BODY_LIMIT} bytes", nonce, protocol=protocol
            )
        else:
            response = seller.respond(request_from(flask.request.environ, body), clock(), nonce, protocol=protocol)
        return flask.Response(response.body, response.status, list(response.headers))

    for prefix in seller.prefixes(protocol):
        rule = f"{path.rstrip('/')}{prefix}<call>" if prefix else path
        seller_blueprint.add_url_rule(rule, "produce", produce, methods=METHODS)
    return seller_blueprint


def _body() -> bytes | None:
    """Read through Flask, since a hook of the application may already have read the stream."""
    if (flask.request.content_length or 0) > BODY_LIMIT:
        return None
    try:
        body = flask.request.get_data()
    except HTTPException:
        return None
    return body if len(body) <= BODY_LIMIT else None
