"""An answer of ``requests`` whose body was read elsewhere.

Why: the body is read up to a limit from the raw connection. ``Response.content`` keeps what it has read in a private place, and
there is no other way to give it a body.

Written against requests 2.
"""

from __future__ import annotations

import requests


def set_body(answer: requests.Response, body: bytes) -> None:
    """Make this the body of an answer, as if ``content`` had read it."""
    answer._content = body  # noqa: SLF001
