"""Forged requests, and the diagnosis if a seller accepts them."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from tradepost.protocols.text import Text

from .answers import NOT_AUTHENTIC
from .dialects import swap_case, with_parameter

if TYPE_CHECKING:
    from tradepost.protocols.http import Request

    from .caller import Caller

type RequestForgery = Callable[[Caller, Request], Request]

_DIGITS = "0123456789ABCDEF"
_BASE64 = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"


def without_signature(caller: Caller, request: Request) -> Request:
    return caller.target.dialect.put(request, caller.target.dialect.token, None)


def with_empty_signature(caller: Caller, request: Request) -> Request:
    return caller.target.dialect.put(request, caller.target.dialect.token, "")


def last_character(caller: Caller, request: Request) -> Request:
    dialect = caller.target.dialect
    # In Base64 the last digits before the padding have spare bits, so the first character is changed.
    signature = dialect.get(request, dialect.token)
    replacement = "1" if signature[:1] != "1" else "2"
    return dialect.put(request, dialect.token, replacement + signature[1:])


def with_half_signature(caller: Caller, request: Request) -> Request:
    dialect = caller.target.dialect
    return dialect.put(request, dialect.token, dialect.get(request, dialect.token)[:20])


def not_ascii(caller: Caller, request: Request) -> Request:
    return caller.target.dialect.put(request, caller.target.dialect.token, "签名" * 8)


def other_key(caller: Caller, request: Request) -> Request:
    return signed_with(caller, request, caller.chance()[:32])


def empty_key(caller: Caller, request: Request) -> Request:
    return signed_with(caller, request, "")


def tampered(caller: Caller, request: Request) -> Request:
    return caller.target.dialect.tampered(request)


def signed_with(caller: Caller, request: Request, key: str) -> Request:
    dialect = caller.target.dialect
    return dialect.signed(request, dialect.members(request), caller.signing_inputs(key=key))


def other_case(caller: Caller, request: Request) -> Request:
    dialect = caller.target.dialect
    return dialect.put(request, dialect.token, swap_case(dialect.get(request, dialect.token)))


def as_array(caller: Caller, request: Request) -> Request:
    """Send the signature as an array: PHP reads ``signature[]=x`` as one, and its ``strcmp`` finds it equal to every
    text."""
    token = caller.target.dialect.token
    return with_parameter(caller.target.dialect.put(request, token, None), f"{token}[]", "x")


def with_two_signatures(caller: Caller, request: Request) -> Request:
    """Repeat the parameter: Express reads it as an array, on which text methods fail."""
    forged_request = last_character(caller, request)
    token = caller.target.dialect.token
    return replace(forged_request, url=f"{forged_request.url}&{token}={'0' * 64}")


def nearly_right_signatures(signature: str) -> Iterator[tuple[Text, str]]:
    """Yield signatures with most characters right, with a description of the change. A seller that compares only a
    part, or a checksum, accepts one of them."""
    hexadecimal = set(signature.upper()) <= set(_DIGITS)
    digits = _DIGITS if hexadecimal else _BASE64
    text = signature.upper() if hexadecimal else signature.rstrip("=")
    size, padding = len(text), signature[len(text) :]
    # The edges of halves and quarters, and one of each two neighbours.
    for position in sorted({1, size // 4, size // 2 - 1, size // 2, 3 * size // 4, size - 2, size - 1}):
        # Far enough away to differ in spite of spare bits and case.
        replacement = digits[(digits.index(text[position]) + len(digits) // 4) % len(digits)]
        change = Text(
            en=f"character {position + 1} of {len(signature)} replaced",
            zh=f"替换第{position + 1}个字符（共{len(signature)}个）",
        )
        yield change, text[:position] + replacement + text[position + 1 :] + padding
    position = next(
        (position for position in range(1, size - 1) if text[position].lower() != text[position + 1].lower()), 0
    )
    swapped_signature = text[:position] + text[position + 1] + text[position] + text[position + 2 :] + padding
    yield Text(en="two characters exchanged", zh="交换两个字符"), swapped_signature
    yield Text(en="its last half alone", zh="只有后一半"), signature[len(signature) // 2 :]
    yield Text(en="its first half alone", zh="只有前一半"), signature[: len(signature) // 2]
    yield Text(en="two digits before it", zh="前面多两个字符"), f"00{signature}"
    if not padding:
        # A lenient decoder ignores characters after the end of Base64, which is harmless.
        yield Text(en="two digits after it", zh="后面多两个字符"), f"{signature}00"


FORGERIES: tuple[tuple[str, Text, RequestForgery, str], ...] = (
    ("missing", Text(en="A request without a signature is refused", zh="没有签名的请求被拒绝"), without_signature, "accepts_missing_signature"),
    ("empty", Text(en="A request with an empty signature is refused", zh="签名为空的请求被拒绝"), with_empty_signature, "accepts_missing_signature"),
    ("wrong", Text(en="A signature with one wrong character is refused", zh="有一个字符错误的签名被拒绝"), last_character, "accepts_wrong_signature"),
    ("cut", Text(en="The first 20 characters of a signature are refused", zh="只有前20个字符的签名被拒绝"), with_half_signature, "accepts_wrong_signature"),
    ("not_hex", Text(en="A signature of Chinese characters is refused", zh="由汉字组成的签名被拒绝"), not_ascii, "accepts_wrong_signature"),
    ("other_key", Text(en="A signature made with another key is refused", zh="用其他密钥生成的签名被拒绝"), other_key, "accepts_wrong_signature"),
    ("empty_key", Text(en="A signature made with an empty key is refused", zh="用空密钥生成的签名被拒绝"), empty_key, "key_not_set"),
    ("moved", Text(en="A request changed by one character after signing is refused", zh="签名后改动一个字符的请求被拒绝"), tampered, "body_not_signed"),
)  # fmt: skip
QUERY_FORGERIES: tuple[tuple[str, Text, RequestForgery, str], ...] = (
    ("array", Text(en="A signature that is given as an array is refused", zh="以数组形式给出的签名被拒绝"), as_array, "accepts_wrong_signature"),
    ("twice", Text(en="Two wrong signatures are refused", zh="两个错误的签名被拒绝"), with_two_signatures, "accepts_wrong_signature"),
)  # fmt: skip
OTHER_CASE_FORGERY = (
    "other_case", Text(en="A token whose letters have the other case is refused", zh="字母大小写颠倒的签名被拒绝"), other_case, "accepts_wrong_signature",
)  # fmt: skip
"""Only for signatures in Base64: hex digits are compared without regard to case."""


def name_missing_check(caller: Caller, otherwise: str) -> str:
    """Return the diagnosis of an accepted forgery. If all of these are accepted, the seller verifies nothing."""
    spoils = (without_signature, last_character, other_key, tampered)
    if any(_is_refused(caller, spoil, test=True) for spoil in spoils):
        return otherwise
    if any(_is_refused(caller, spoil, test=False) for spoil in spoils):
        return "test_flag_skips_signature"
    return "no_token_check"


def _is_refused(caller: Caller, spoil: RequestForgery, *, test: bool) -> bool:
    command = caller.harmless() if test else caller.real()
    return caller.send(spoil(caller, caller.request(command))).code == NOT_AUTHENTIC
