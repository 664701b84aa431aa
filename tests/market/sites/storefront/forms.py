"""A browser's view of a page with a choice, and its input."""

from __future__ import annotations

import re

from django.test import Client


def text_of(answer: object) -> str:
    return re.sub(r"[ \n]+", " ", answer.content.decode())  # type: ignore[attr-defined]  # a response


def page_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return text_of(answer)


def form_of(page: str, **other: str) -> dict[str, str]:
    """Return a browser's input for the page: the selected options, and the price shown."""
    quote = re.search(r'name="quote" value="([^"]*)"', page)
    assert quote is not None
    picked = dict(re.findall(r'type="radio" name="(\w+)" id="[^"]+" value="([^"]+)" checked', page))
    return {**picked, "quote": quote[1], "periods": "1", "quantity": "1", "agreed": "on", **other}
