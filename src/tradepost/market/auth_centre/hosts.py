"""Map the hosts of auth centres to the paths under ``/t/<code>/``. No I/O.

The mapping runs before all other handlers: ``/api/`` on such a host is a page of the auth centre, not an API of the
market.
"""

from __future__ import annotations

import re
from typing import Any

HOST_CODE = "tradepost.auth_centre"
"""Key in the environment of a request to such a host; its value is the enterprise's code."""
CODE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
SHARED_PATHS = ("/static/", "/i18n/", "/pictures/", "/branding/", "/healthz", "/readyz")


def map_host(environ: dict[str, Any], domain: str) -> dict[str, Any]:
    """Map a request. ``domain``: the domain after the enterprise code, with port; empty if auth centres have no
    hosts."""
    if not domain:
        return environ
    code, dot, host_domain = str(environ.get("HTTP_HOST", "")).lower().partition(".")
    if not dot or host_domain != domain or not CODE.fullmatch(code):
        return environ
    environ[HOST_CODE] = code
    path = str(environ["PATH_INFO"])
    if not path.startswith((f"/t/{code}/", *SHARED_PATHS)):
        environ["PATH_INFO"] = f"/t/{code}{path}"
    return environ
