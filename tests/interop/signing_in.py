"""A person's browser at an auth centre, over HTTP: it signs in where asked to, and stops at the application's callback."""

from __future__ import annotations

import re
from urllib.parse import urljoin

import requests

PASSWORD = "correct horse battery"
"""The password of all people in tests. Repeated here, because this module is read where no market is installed."""
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
NEXT = re.compile(r'name="next" value="([^"]+)"')
MAX_STEPS = 8


def follow_to_callback(start: str, callback: str) -> str:
    """Follow the redirects from the application's start address, and return the address of its callback."""
    with requests.Session() as browser:
        url = start
        for _ in range(MAX_STEPS):
            answer = browser.get(url, allow_redirects=False, timeout=60)
            if answer.status_code == 200:
                answer = _sign_in(browser, answer)
            assert answer.status_code == 302, answer.text[answer.text.find("<main") :]
            url = urljoin(answer.url, answer.headers["Location"])
            if url.startswith(callback):
                return url
    raise AssertionError(f"the browser never came back, last at {url}")


def _sign_in(browser: requests.Session, page: requests.Response) -> requests.Response:
    *_, token = TOKEN.findall(page.text)
    *_, following = NEXT.findall(page.text)  # the first belongs to the form that switches the language
    form = {
        "csrfmiddlewaretoken": token,
        "next": following.replace("&amp;", "&"),
        "name": "zhang01",
        "password": PASSWORD,
    }
    url = page.url.partition("?")[0]
    return browser.post(url, form, headers={"Referer": page.url}, allow_redirects=False, timeout=60)
