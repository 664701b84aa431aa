"""A client that sends each request once.

Why: aiohttp repeats a GET when a server hangs up on a reused connection. That hides an attempt, and sends one businessId twice
(saas-v1-license A2.1). It offers no setting for it.

Written against aiohttp 3.14.
"""

from __future__ import annotations

import aiohttp


def send_once(session: aiohttp.ClientSession) -> None:
    """Make a session send each request at most once."""
    session._retry_connection = False  # noqa: SLF001
