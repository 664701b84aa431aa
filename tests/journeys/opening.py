"""A browser opens a service: it loads the page, requests the part that calls the seller, and reloads the page when told
to.
"""

from __future__ import annotations

import html
import json
import re
from functools import partial
from typing import Any

from django.test import Client

from tests.waiting import until
from tradepost.market.subscriptions.models import Subscription

HTMX = {"hx-request": "true"}


def open_service(page: Client, service: Subscription, path: str = "") -> str:
    """Return the page as its buyer sees it in the end. ``path``: another page that shows the service."""
    path = path or f"/services/{service.pk}/"
    part_id = f"sf-access-live-{service.pk}"
    shown = page.get(path).content.decode()
    asks = re.search(r'hx-post="([^"]+)"', shown)
    if not asks:
        return shown
    part = ""
    while asks is not None:  # repeat, if an operation holds the service
        part = page.post(html.unescape(asks[1]), headers=HTMX).content.decode()
        asks = re.search(r'hx-post="([^"]+)"', part)
    while follows := re.search(r'hx-get="([^"]+)"', part):
        answer = until(partial(_changed, page, follows[1], path, part_id), what="the part ends")
        if location := answer.headers.get("HX-Location"):
            return page.get(json.loads(location)["path"]).content.decode()
        part = answer.content.decode()
    asked = shown.index(f'<form id="{part_id}"')
    return shown.replace(shown[asked : shown.index("</form>", asked)], part)


def _changed(page: Client, url: str, path: str, part_id: str) -> Any:
    polls = HTMX | {"hx-trigger": part_id, "hx-target": part_id}
    answer = page.get(url, headers=polls | {"hx-current-url": f"http://testserver{path}"})
    return None if answer.status_code == 204 and "HX-Location" not in answer.headers else answer


def password_of(page: Client, service: Subscription) -> str:
    return page.post(f"/services/{service.pk}/password/").content.decode()
