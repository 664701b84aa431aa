"""Where each enterprise's auth centre has a host of its own, its addresses there are those under ``/t/<code>/`` here. No I/O.

Done before anything else looks at a request: what stands under ``/api/`` of such a host is a page, and no API of the market.
"""

from __future__ import annotations

import re
from typing import Any

AT_ITS_HOST = "tradepost.auth_centre"
"""Key in the environment of a request that came to such a host: its code."""
CODE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
OF_ALL_HOSTS = ("/static/", "/i18n/", "/healthz", "/readyz")


def lead(environ: dict[str, Any], domain: str) -> dict[str, Any]:
    """``domain``: what follows a code in the hosts of the auth centre, with its port; empty where there are none."""
    if not domain:
        return environ
    code, dot, rest = str(environ.get("HTTP_HOST", "")).lower().partition(".")
    if not dot or rest != domain or not CODE.fullmatch(code):
        return environ
    environ[AT_ITS_HOST] = code
    path = str(environ["PATH_INFO"])
    if not path.startswith((f"/t/{code}/", *OF_ALL_HOSTS)):
        environ["PATH_INFO"] = f"/t/{code}{path}"
    return environ
