"""Sign-in, callback and sign-out as HTTP, for the adapters of the frameworks: a visit in, an answer out."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote

from tradepost.protocols.http import Response
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .login import JointLogin
    from .replies import Cookie, Reply

MOST_ATTEMPTS = 8
"""Sign-ins that one browser may have begun and not ended; each has a cookie."""
STYLE = """
:root{color-scheme:light dark}
body{max-width:32rem;margin:15vh auto;padding:0 1.25rem;font:1rem/1.6 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans SC",sans-serif}
h1{font-size:1.5rem;line-height:1.3}
a,button{display:inline-block;min-height:2.75rem;padding:.4rem 1.25rem .4rem 0;font:inherit}
button{padding-left:1.25rem}
"""
AGAIN = Text(en="Sign in again", zh="重新登录")
LEAVE = Text(en="Sign out", zh="退出登录")
SIGN_IN_FIRST = Text(en="Sign in first", zh="请先登录")
ENDED = Text(en="Your session has ended. What you sent was not carried out.", zh="您的登录已失效，刚才的操作未执行。")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """``path``, decoded; ``query``, as sent; ``cookie`` and ``language``: the headers ``Cookie`` and ``Accept-Language``, empty when
    absent.
    """

    method: str
    path: str
    query: str = ""
    cookie: str = ""
    language: str = ""

    @property
    def asked(self) -> Mapping[str, str]:
        """Parameters of the query; of a repeated name the first."""
        try:
            return dict(reversed(parse_qsl(self.query, keep_blank_values=True, max_num_fields=50)))
        except ValueError:
            return {}

    @property
    def cookies(self) -> Mapping[str, str]:
        return cookies_in(self.cookie)


def cookies_in(header: str) -> dict[str, str]:
    """Names and values of the header ``Cookie``; ours hold no character that would be quoted."""
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return {name: value for name, separator, value in reversed(list(pairs)) if separator}


def paths(login: JointLogin) -> tuple[str, str, str]:
    """Those that ``answer`` answers."""
    return (login.sign_in, login.callback_path, login.sign_out)


def answer(login: JointLogin, visit: Visit) -> Response:
    """The answer at one of ``paths``."""
    if visit.path == login.sign_out:
        if visit.method == "POST":
            return _reply(login, login.leave(visit.cookies), visit)
        # A link, or a picture on a stranger's page, signs nobody out.
        button = f'<form method="post"><button>{_say(LEAVE, visit)}</button></form>'
        return _page(HTTPStatus.OK, LEAVE, button, visit)
    if visit.method not in {"GET", "HEAD"}:
        return Response(HTTPStatus.METHOD_NOT_ALLOWED, (("Allow", "GET, HEAD"), *_plain()), b"")
    if visit.path == login.callback_path:
        return _reply(login, login.finish(visit.asked, visit.cookies), visit)
    asked = visit.asked
    return _reply(login, login.begin(asked.get("tenant", ""), asked.get("next", ""), visit.cookies), visit)


def turn_away(login: JointLogin, visit: Visit) -> Response:
    """The answer to somebody who is not signed in, at a page for those who are: on to the sign-in and back."""
    if visit.method in {"GET", "HEAD"}:
        onward = quote(visit.path, safe="/") + (f"?{visit.query}" if visit.query else "")
        location = f"{login.sign_in}?next={quote(onward, safe='')}"
        return Response(HTTPStatus.SEE_OTHER, (("Location", location), *_plain()), b"")
    again = _again(login, "", visit)
    return _page(HTTPStatus.UNAUTHORIZED, SIGN_IN_FIRST, f"<p>{_say(ENDED, visit)}</p>{again}", visit)


def _reply(login: JointLogin, reply: Reply, visit: Visit) -> Response:
    cookies = [*reply.cookies, *_too_many(login, visit, reply)]
    headers = tuple(("Set-Cookie", _cookie(login, cookie)) for cookie in cookies)
    if reply.problem is None:
        return Response(HTTPStatus.SEE_OTHER, (("Location", reply.location), *headers, *_plain()), b"")
    again = _again(login, reply.tenant_id, visit) if reply.problem.again else ""
    words = f"<p>{_say(reply.problem.words, visit)}</p>{again}"
    page = _page(reply.problem.status, reply.problem.title, words, visit)
    return Response(page.status, (*page.headers, *headers), page.body)


def _too_many(login: JointLogin, visit: Visit, reply: Reply) -> list[Cookie]:
    """Attempts of this browser to forget, once it has a great many: a header of cookies has an end."""
    new = {cookie.name for cookie in reply.cookies}
    begun = [name for name in visit.cookies if login.is_attempt(name) and name not in new]
    return [login.forget(name) for name in begun] if len(begun) >= MOST_ATTEMPTS else []


def _cookie(login: JointLogin, cookie: Cookie) -> str:
    """Lax: the way back from the auth centre is a link from another site."""
    parts = [f"{cookie.name}={cookie.value}", "Path=/", "HttpOnly", "SameSite=Lax"]
    if not cookie.value:
        parts.append("Max-Age=0")
    elif cookie.life is not None:
        parts.append(f"Max-Age={int(cookie.life.total_seconds())}")
    if login.secure:
        parts.append("Secure")
    return "; ".join(parts)


def _again(login: JointLogin, tenant_id: str, visit: Visit) -> str:
    query = f"?tenant={quote(tenant_id, safe='')}" if tenant_id else ""
    return f'<p><a href="{escape(login.sign_in + query)}">{_say(AGAIN, visit)}</a></p>'


def _page(status: HTTPStatus, title: Text, content: str, visit: Visit) -> Response:
    language = "zh-CN" if _is_chinese(visit) else "en"
    heading = _say(title, visit)
    html = (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,"><title>{heading}</title><style>{STYLE}</style>'
        f"<main><h1>{heading}</h1>{content}</main></html>"
    )
    headers = (("Content-Type", "text/html; charset=utf-8"), ("Vary", "Accept-Language"), *_plain())
    return Response(status, headers, html.encode())


def _plain() -> tuple[tuple[str, str], ...]:
    """``no-referrer``: the address of a callback holds a code. No ``form-action``: signing out goes on to the auth centre."""
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
    return (
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", policy),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
    )


def _say(text: Text, visit: Visit) -> str:
    return escape(text.zh if _is_chinese(visit) else text.en)


def _is_chinese(visit: Visit) -> bool:
    """By the language that the browser names first."""
    return visit.language.strip().lower().startswith("zh")
