"""Names given to things. Time and chance are arguments, so that a test can fix them."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from datetime import datetime

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Upper-case letters and digits that nobody confuses: order numbers are read over the telephone."""

type Chance = Callable[[str, int], str]
"""Given an alphabet and a length, that many characters of it."""


def chance(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def order_number(now: datetime, draw: Chance = chance) -> str:
    """``CS`` + yyMMddHHmm + 7 characters; lines append ``-000001`` (business-rules §4.1)."""
    return f"CS{now:%y%m%d%H%M}{draw(ALPHABET, 7)}"


def line_number(order: str, position: int) -> str:
    return f"{order}-{position:06d}"


def offer_id(draw: Chance = chance) -> str:
    """A productId in the shape that sellers know: ``OFFI`` and 18 digits (saas-v2 §2.7)."""
    return "OFFI" + draw(string.digits, 18)


def business_id() -> str:
    return secrets.token_hex(16)


def nonce() -> str:
    return secrets.token_hex(32).upper()


def hex_id(draw: Chance = chance) -> str:
    return draw("0123456789abcdef", 32)


def access_key(draw: Chance = chance) -> str:
    return "TP" + draw(string.ascii_uppercase + string.digits, 18)


def secret(length: int = 40) -> str:
    return chance(string.ascii_letters + string.digits, length)
