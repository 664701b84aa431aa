"""Client secrets of applicationSync: checked when received, stored encrypted, and decrypted at each sign-in
(openapi-jointkit §A.6)."""

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
    """Decrypts the market's client secrets and defines how they are stored.

    ``private_keys``: of the credential, as ``tradepost seller keypair`` prints them. After a key change, pass the new
    key first, and the old one while its secrets are stored. A secret is stored encrypted as received, so a copy of the
    database does not reveal it. ``seal`` and ``unseal``: replace this storage, for example with your own key service;
    ``seal=str, unseal=str`` stores plain text.
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
        """Return the form to store. Raises ``Reject`` with 000101 for a secret that cannot be decrypted."""
        try:
            plain_secret = self._decrypted(encrypted)
        except UnreadableSecret as unreadable:
            raise Reject(UNREADABLE, str(unreadable)) from None
        except UnfitKey as error:
            log.error("The private key of the credential is %s", error)  # noqa: TRY400  # a traceback leads nowhere
            raise Reject(UNREADABLE, "this seller has no key to read the client secret with") from None
        return encrypted if self._seal is None else self._seal(plain_secret)

    def plain(self, stored: str) -> str:
        """Return the secret of a form from ``received``. Raises ``UnreadableSecret`` or ``UnfitKey``."""
        return self._decrypted(stored) if self._unseal is None else self._unseal(stored)

    def _decrypted(self, encrypted: str) -> str:
        for key in self._private_keys[:-1]:
            try:
                return decrypt(encrypted, key)
            except UnreadableSecret:
                continue
        return decrypt(encrypted, self._private_keys[-1] if self._private_keys else "")
