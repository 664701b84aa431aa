"""The server of a seller of industrial software."""

from __future__ import annotations

from tests.check.mutants.any_shop import AnySeller
from tradepost.kit import GetLicenseAsync, Pending
from tradepost.kit.client import MarketClient


class Industrial(AnySeller):
    """Deliver each license as a text. The kit answers test calls itself, so no test call reaches these functions."""

    client: MarketClient

    def on_license(self, command: GetLicenseAsync) -> Pending:
        self.client.upload_text(command.event_id, f"license of {command.device_fingerprint}")
        return Pending()
