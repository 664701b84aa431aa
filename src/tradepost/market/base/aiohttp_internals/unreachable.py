"""The error of a connection that was never made, for the simulated network.

Why: aiohttp's ``ClientConnectorError`` needs a key of its connection pool, whose class is not exported.

Written against aiohttp 3.14.
"""

from __future__ import annotations

import aiohttp
from aiohttp.client_reqrep import ConnectionKey

_NOWHERE = ConnectionKey("nowhere.localhost", 80, False, True, None, None, None)  # a tuple of aiohttp


def connection_error(error: OSError) -> aiohttp.ClientConnectorError:
    """Return what aiohttp raises when a connection fails with ``error``."""
    return aiohttp.ClientConnectorError(_NOWHERE, error)
