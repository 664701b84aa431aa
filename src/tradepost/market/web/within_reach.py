"""Restrict a console page to its reader's role: links become text, forms are disabled with a reason.

Templates need not check roles. Owners, whose role includes everything, get pages unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.html import escape

from tradepost.market.identity.operator_roles import Role

from . import console_access

LINK = re.compile(r'<a\b(?P<attributes>[^>]*?\shref="(?P<path>/[^"?#]*)[^"]*"[^>]*)>(?P<words>.*?)</a>', re.DOTALL)
FORM = re.compile(r"<form\b(?P<attributes>[^>]*)>(?P<fields>.*?)</form>", re.DOTALL)
ACTION = re.compile(r'\saction="(/[^"?#]*)')
OUTSIDE_BUTTON = re.compile(r'<button\b(?P<attributes>[^>]*?\sform="(?P<form>[^"]+)"[^>]*)>')
ID = re.compile(r'\sid="([^"]+)"')
POST_METHOD = re.compile(r'\smethod="post"', re.IGNORECASE)

type WhyNot = Callable[[str, str], str]
"""Returns why the reader may not send a request to a path by a method; "" if they may."""


def trim(request: HttpRequest, response: HttpResponseBase, role: str) -> None:
    """Remove links and disable forms beyond the role in a rendered console page."""
    if role == Role.OWNER or not isinstance(response, HttpResponse):
        return
    if not response.get("Content-Type", "").startswith("text/html"):
        return

    def why_not(path: str, method: str) -> str:
        return console_access.refusal_message(role, path, method)

    current_path, disabled_ids, html = request.path, set[str](), response.content.decode(response.charset)
    html = LINK.sub(lambda match: _link(match, why_not), html)
    html = FORM.sub(lambda match: _form(match, current_path, why_not, disabled_ids), html)
    response.content = OUTSIDE_BUTTON.sub(lambda match: _button(match, disabled_ids), html)


def _link(match: re.Match[str], why_not: WhyNot) -> str:
    if not why_not(match["path"], "GET"):
        return match[0]
    is_button = re.search(r'\sclass="[^"]*\bbtn\b', match["attributes"])
    return "" if is_button else f'<span class="tp-no-link">{match["words"]}</span>'


def _form(match: re.Match[str], current_path: str, why_not: WhyNot, disabled_ids: set[str]) -> str:
    attributes = match["attributes"]
    action = ACTION.search(attributes)
    reason = why_not(action[1] if action else current_path, "POST") if POST_METHOD.search(attributes) else ""
    if not reason:
        return match[0]
    if id_match := ID.search(attributes):
        disabled_ids.add(id_match[1])
    return (
        f'<form{attributes}><fieldset class="tp-off" disabled>{match["fields"]}</fieldset>'
        f'<p class="form-hint" data-lacking-role>{escape(reason)}</p></form>'
    )


def _button(match: re.Match[str], disabled_ids: set[str]) -> str:
    """Disable a button outside of its form, which the form's fieldset does not affect."""
    return f"<button{match['attributes']} disabled>" if match["form"] in disabled_ids else match[0]
