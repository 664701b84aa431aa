"""The client secrets of applicationSync: looked into when they come, kept sealed, opened at each sign-in (openapi-jointkit §A.6)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tradepost.kit.answers import Reject
from tradepost.protocols.client_secret import UnfitKey, UnreadableSecret, decrypt

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

UNREADABLE = "000101"


class ClientSecrets:
    """Reads what the market encrypted for you, and says how it is kept.

    ``private_keys``: of the credential, as ``tradepost seller keypair`` prints them; after a change of the key the new one first, the
    old one as long as secrets are kept that were made for it. A secret is kept as it came, encrypted, so that a copy of the
    database tells nobody anything. ``seal`` and ``unseal``: what you would rather do with the plain text, with a key service of
    your own for example; ``seal=str, unseal=str`` keeps it in clear.
    """

    def __init__(
        self,
        *private_keys: str,
        seal: Callable[[str], str] | None = None,
        unseal: Callable[[str], str] | None = None,
    ) -> None:
        if (seal is None) is not (unseal is None):
            raise ValueError("give both seal and unseal, or neither")
        self._private_keys = private_keys
        self._seal, self._unseal = seal, unseal

    def received(self, encrypted: str) -> str:
        """The form to keep. Raises ``Reject`` with 000101 for a secret that cannot be read."""
        try:
            plain = self._decrypted(encrypted)
        except UnreadableSecret as unreadable:
            raise Reject(UNREADABLE, str(unreadable)) from None
        except UnfitKey as unfit:
            log.error("The private key of the credential is %s", unfit)  # noqa: TRY400  # a traceback leads nowhere
            raise Reject(UNREADABLE, "this seller has no key to read the client secret with") from None
        return encrypted if self._seal is None else self._seal(plain)

    def plain(self, kept: str) -> str:
        """The secret, of what ``received`` gave. Raises ``UnreadableSecret`` or ``UnfitKey``."""
        return self._decrypted(kept) if self._unseal is None else self._unseal(kept)

    def _decrypted(self, encrypted: str) -> str:
        for key in self._private_keys[:-1]:
            try:
                return decrypt(encrypted, key)
            except UnreadableSecret:
                continue
        return decrypt(encrypted, self._private_keys[-1] if self._private_keys else "")
