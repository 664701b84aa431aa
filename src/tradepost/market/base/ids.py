"""Names given to things. Time and chance are arguments, so that a test can fix them."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Upper-case letters and digits that nobody confuses: order numbers are read over the telephone."""

type Chance = Callable[[str, int], str]
"""Given an alphabet and a length, that many characters of it."""


def chance(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def order_number(now: datetime, draw: Chance = chance) -> str:
    """``CS`` + yyMMddHHmm in the market's time zone + 7 characters; lines append ``-000001`` (business-rules §4.1)."""
    return f"CS{_market_time(now):%y%m%d%H%M}{draw(ALPHABET, 7)}"


def dated_number(prefix: str, now: datetime, draw: Chance = chance) -> str:
    """``prefix`` + yyMMdd in the market's time zone + 8 characters, for invoices and letters."""
    return f"{prefix}{_market_time(now):%y%m%d}{draw(ALPHABET, 8)}"


def _market_time(now: datetime) -> datetime:
    """Pages show times in this zone, so a number that carries a time must agree with them."""
    return now.astimezone(timezone.get_default_timezone())


TRANSFER_REFERENCE = 10
"""Characters of a transfer's reference number, its check character included."""


def transfer_reference(draw: Chance = chance) -> str:
    """What a buyer writes on a bank transfer: ``T``, 8 characters that nobody can guess, and one that checks the others.

    One wrong character never gives another reference, nor do two neighbours that changed places, but for A and 9.
    """
    text = "T" + draw(ALPHABET, TRANSFER_REFERENCE - 2)
    return text + _check_character(text)


def is_transfer_reference(text: str) -> bool:
    """Whether it is one, in upper case and without spaces; not whether this market gave it to anybody."""
    known = len(text) == TRANSFER_REFERENCE and text[0] == "T" and set(text) <= set(ALPHABET)
    return known and _check_character(text[:-1]) == text[-1]


def _check_character(text: str) -> str:
    """By Luhn's algorithm over the alphabet in place of ten digits (Luhn mod N)."""
    size, total = len(ALPHABET), 0
    for place, character in enumerate(reversed(text)):
        value = ALPHABET.index(character) * (1 if place % 2 else 2)
        total += value // size + value % size
    return ALPHABET[-total % size]


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


def license_code(draw: Chance = chance) -> str:
    """An authorisation code: ``PL``, as sellers know them, and 22 characters that nobody can guess (saas-v1-license B2)."""
    return "PL" + draw(ALPHABET, 22)


def access_key(draw: Chance = chance) -> str:
    return "TP" + draw(string.ascii_uppercase + string.digits, 18)


def secret(length: int = 40) -> str:
    return chance(string.ascii_letters + string.digits, length)
