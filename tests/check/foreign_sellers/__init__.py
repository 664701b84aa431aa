"""Correct sellers of the smaller versions that share nothing with the kit, each with habits of some framework.

Written from the specification alone. They do what is allowed and unusual, so that a check that mistakes the kit's
habits for the protocol fails.
"""

from __future__ import annotations

from collections.abc import Callable

from .kits import KitSeller, OldKitSeller
from .licenses import CarelessCodeSeller, CodeSeller, LicenseSeller, NoFingerprintSeller, OnlineSeller
from .notices import AskingNoticeSeller, NoticeSeller
from .seller import KEY, Seller
from .serving import serving

__all__ = ["ALL", "KEY", "Seller", "serving"]

ALL: dict[str, Callable[[], Seller]] = {
    "codes": CodeSeller,
    "careless_codes": CarelessCodeSeller,
    "online": OnlineSeller,
    "no_fingerprint": NoFingerprintSeller,
    "notices": NoticeSeller,
    "asking_notices": AskingNoticeSeller,
    "license": LicenseSeller,
    "kit": lambda: KitSeller(decrypts=False),
    "kit_with_a_key": lambda: KitSeller(decrypts=True),
    "old_kit": lambda: OldKitSeller(decrypts=False),
    "old_kit_with_a_key": lambda: OldKitSeller(decrypts=True),
}
