"""Generated numbers and identifiers. Time and randomness are arguments, so that tests can fix them."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Upper-case letters and digits that are not confused with each other: order numbers are read over the telephone."""

type Chance = Callable[[str, int], str]
"""Given an alphabet and a length, return that many random characters of it."""


def draw_random(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def order_number(now: datetime, draw: Chance = draw_random) -> str:
    """Return ``CS`` + yyMMddHHmm in the market's time zone + 7 characters; lines append ``-000001`` (business-rules
    §4.1)."""
    return f"CS{_market_time(now):%y%m%d%H%M}{draw(ALPHABET, 7)}"


def dated_number(prefix: str, now: datetime, draw: Chance = draw_random) -> str:
    """Return ``prefix`` + yyMMdd in the market's time zone + 8 characters, for invoices and letters."""
    return f"{prefix}{_market_time(now):%y%m%d}{draw(ALPHABET, 8)}"


def _market_time(now: datetime) -> datetime:
    """Return the time in the zone that pages use, so that numbers with a date agree with them."""
    return now.astimezone(timezone.get_default_timezone())


TRANSFER_REFERENCE_LENGTH = 10
"""Length of a transfer's reference number, with its check character."""


def transfer_reference(draw: Chance = draw_random) -> str:
    """Return the reference that a buyer writes on a bank transfer: ``T``, 8 random characters and a check character.

    A single wrong character is always detected, and so are two adjacent characters that were swapped, except A and
    9."""
    text = "T" + draw(ALPHABET, TRANSFER_REFERENCE_LENGTH - 2)
    return text + _check_character(text)


def is_transfer_reference(text: str) -> bool:
    """Return whether a text is a valid reference, in upper case without spaces. Does not check that this market
    issued it."""
    well_formed = len(text) == TRANSFER_REFERENCE_LENGTH and text[0] == "T" and set(text) <= set(ALPHABET)
    return well_formed and _check_character(text[:-1]) == text[-1]


def _check_character(text: str) -> str:
    """Luhn's algorithm over the alphabet instead of ten digits (Luhn mod N)."""
    size, total = len(ALPHABET), 0
    for position, character in enumerate(reversed(text)):
        value = ALPHABET.index(character) * (1 if position % 2 else 2)
        total += value // size + value % size
    return ALPHABET[-total % size]


def line_number(order: str, position: int) -> str:
    return f"{order}-{position:06d}"


def offer_id(draw: Chance = draw_random) -> str:
    """Return a productId in the form that sellers know: ``OFFI`` and 18 digits (saas-v2 §2.7)."""
    return "OFFI" + draw(string.digits, 18)


def business_id() -> str:
    return secrets.token_hex(16)


def nonce() -> str:
    return secrets.token_hex(32).upper()


def hex_id(draw: Chance = draw_random) -> str:
    return draw("0123456789abcdef", 32)


def license_code(draw: Chance = draw_random) -> str:
    """Return an authorisation code: ``PL``, as sellers know it, and 22 random characters (saas-v1-license B2)."""
    return "PL" + draw(ALPHABET, 22)


def access_key(draw: Chance = draw_random) -> str:
    return "TP" + draw(string.ascii_uppercase + string.digits, 18)


def secret(length: int = 40) -> str:
    return draw_random(string.ascii_letters + string.digits, length)
