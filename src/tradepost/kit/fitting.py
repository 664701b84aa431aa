"""Makes the answer to a request before what it tells is kept: what is kept is answered to every repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradepost.protocols.commands import Command, Outcome
    from tradepost.protocols.contract import SellerProtocol
    from tradepost.protocols.http import Response


class Fitting:
    """For one request. ``nonce``: its answer's, as for ``SellerProtocol.answer``."""

    def __init__(self, spoken: SellerProtocol, key: str, nonce: str) -> None:
        self._spoken = spoken
        self._key = key
        self._nonce = nonce
        self._made: tuple[Outcome, Response] | None = None

    def __call__(self, command: Command, outcome: Outcome) -> None:
        """Raises ``ValueError`` for an outcome that the protocol cannot carry."""
        self._made = outcome, self._spoken.answer(command, outcome, key=self._key, nonce=self._nonce)

    def made_for(self, outcome: Outcome) -> Response | None:
        """The answer, when it was made already: making it twice would take a third of the time of a request."""
        return self._made[1] if self._made is not None and self._made[0] is outcome else None
