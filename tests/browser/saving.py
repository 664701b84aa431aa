"""Read what a browser downloads, within a limit: ``Download.path()`` waits without one for a body that never ends."""

from __future__ import annotations

import asyncio

from playwright.sync_api import Download

from tests import waiting


def read_download(download: Download) -> bytes:
    """Return the file when the browser has all of it. Raise ``TimeoutError`` if the download does not end."""
    within = asyncio.wait_for(download._impl_obj.path(), waiting.TIMEOUT)
    path = download._sync(within)  # the only way to wait with a limit in Playwright's synchronous API
    return bytes(path.read_bytes())
