"""Sign-in by joint operation for a WSGI application without a framework."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradepost.kit.wsgi import send

from .web import Visit, answer, cookies_in, paths, sign_in_redirect

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from .login import JointLogin, SignedIn


def with_sign_in(login: JointLogin, application: WSGIApplication) -> WSGIApplication:
    """Wrap the application with the pages for sign-in, callback and sign-out."""
    sign_in_paths = frozenset(paths(login))

    def pages(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        visit = _visit(environ)
        if visit.path not in sign_in_paths:
            return application(environ, start_response)
        return send(answer(login, visit), start_response)

    return pages


def who(login: JointLogin, environ: WSGIEnvironment) -> SignedIn | None:
    """Return the signed-in person of any request."""
    return login.who(cookies_in(environ.get("HTTP_COOKIE", "")))


def send_to_sign_in(login: JointLogin, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Redirect a visitor who is not signed in from a protected page."""
    return send(sign_in_redirect(login, _visit(environ)), start_response)


def _visit(environ: WSGIEnvironment) -> Visit:
    return Visit(
        method=environ["REQUEST_METHOD"],
        # WSGI provides the decoded path as latin-1 text (PEP 3333).
        path=environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace"),
        query=environ.get("QUERY_STRING", ""),
        cookie=environ.get("HTTP_COOKIE", ""),
        language=environ.get("HTTP_ACCEPT_LANGUAGE", ""),
    )
