"""Phone numbers as people write them, and in the one form in which they are kept and sent to."""

from __future__ import annotations

import phonenumbers

DEFAULT_COUNTRY = "CN"
"""The country of a number that is written without one."""
MAX_LENGTH = 32


def standard_form(written: str) -> str:
    """+8613800000000; empty for what is no number that exists."""
    if not written.strip() or len(written) > MAX_LENGTH:
        return ""
    try:
        number = phonenumbers.parse(written, DEFAULT_COUNTRY)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number) or number.extension:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def can_receive_sms(standard: str) -> bool:
    """Whether a number in the standard form may get SMS: a landline does not."""
    kind = phonenumbers.number_type(phonenumbers.parse(standard))
    return kind in {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}


def masked(standard: str) -> str:
    """+86138····0000: enough to recognise one's own."""
    return f"{standard[:-8]}····{standard[-4:]}" if len(standard) > 9 else "····"
