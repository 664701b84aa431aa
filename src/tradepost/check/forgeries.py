"""Requests that nobody but a forger sends, and what it means when a seller accepts them."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from tradepost.protocols.text import Text

from .answers import NOT_AUTHENTIC
from .dialects import swapped_case, with_parameter

if TYPE_CHECKING:
    from tradepost.protocols.http import Request

    from .caller import Caller

type Spoil = Callable[[Caller, Request], Request]

_DIGITS = "0123456789ABCDEF"
_BASE64 = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"


def missing(caller: Caller, request: Request) -> Request:
    return caller.target.dialect.put(request, caller.target.dialect.token, None)


def empty(caller: Caller, request: Request) -> Request:
    return caller.target.dialect.put(request, caller.target.dialect.token, "")


def last_character(caller: Caller, request: Request) -> Request:
    dialect = caller.target.dialect
    # In Base64 the last digits before the padding carry spare bits, so the first character is the one to change.
    given = dialect.get(request, dialect.token)
    other = "1" if given[:1] != "1" else "2"
    return dialect.put(request, dialect.token, other + given[1:])


def half(caller: Caller, request: Request) -> Request:
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
    return dialect.put(request, dialect.token, swapped_case(dialect.get(request, dialect.token)))


def as_array(caller: Caller, request: Request) -> Request:
    """PHP reads ``signature[]=x`` as an array, which its ``strcmp`` finds equal to every text."""
    token = caller.target.dialect.token
    return with_parameter(caller.target.dialect.put(request, token, None), f"{token}[]", "x")


def twice(caller: Caller, request: Request) -> Request:
    """Express reads a name that stands twice as an array, on which text methods fail."""
    wrong = last_character(caller, request)
    token = caller.target.dialect.token
    return replace(wrong, url=f"{wrong.url}&{token}={'0' * 64}")


def misshapen(signature: str) -> Iterator[tuple[Text, str]]:
    """Signatures that are right in most of their characters, each with what was done to it: whoever compares a part of
    them, or sums them up, takes one of these for right.
    """
    hexadecimal = set(signature.upper()) <= set(_DIGITS)
    digits = _DIGITS if hexadecimal else _BASE64
    written = signature.upper() if hexadecimal else signature.rstrip("=")
    size, padding = len(written), signature[len(written) :]
    # Of both halves and quarters their edges, and one of each two neighbours.
    for at in sorted({1, size // 4, size // 2 - 1, size // 2, 3 * size // 4, size - 2, size - 1}):
        # Far enough away that it is another one in spite of spare bits, and of its case.
        other = digits[(digits.index(written[at]) + len(digits) // 4) % len(digits)]
        done = Text(
            en=f"character {at + 1} of {len(signature)} replaced", zh=f"替换第{at + 1}个字符（共{len(signature)}个）"
        )
        yield done, written[:at] + other + written[at + 1 :] + padding
    at = next((at for at in range(1, size - 1) if written[at].lower() != written[at + 1].lower()), 0)
    turned = written[:at] + written[at + 1] + written[at] + written[at + 2 :] + padding
    yield Text(en="two characters exchanged", zh="交换两个字符"), turned
    yield Text(en="its last half alone", zh="只有后一半"), signature[len(signature) // 2 :]
    yield Text(en="its first half alone", zh="只有前一半"), signature[: len(signature) // 2]
    yield Text(en="two digits before it", zh="前面多两个字符"), f"00{signature}"
    if not padding:
        # After the end of Base64 a lenient decoder reads no further, which does no harm.
        yield Text(en="two digits after it", zh="后面多两个字符"), f"{signature}00"


FORGERIES: tuple[tuple[str, Text, Spoil, str], ...] = (
    ("missing", Text(en="A request without a signature is refused", zh="没有签名的请求被拒绝"), missing, "accepts_missing_signature"),
    ("empty", Text(en="A request with an empty signature is refused", zh="签名为空的请求被拒绝"), empty, "accepts_missing_signature"),
    ("wrong", Text(en="A signature with one wrong character is refused", zh="有一个字符错误的签名被拒绝"), last_character, "accepts_wrong_signature"),
    ("cut", Text(en="The first 20 characters of a signature are refused", zh="只有前20个字符的签名被拒绝"), half, "accepts_wrong_signature"),
    ("not_hex", Text(en="A signature of Chinese characters is refused", zh="由汉字组成的签名被拒绝"), not_ascii, "accepts_wrong_signature"),
    ("other_key", Text(en="A signature made with another key is refused", zh="用其他密钥生成的签名被拒绝"), other_key, "accepts_wrong_signature"),
    ("empty_key", Text(en="A signature made with an empty key is refused", zh="用空密钥生成的签名被拒绝"), empty_key, "key_not_set"),
    ("moved", Text(en="A request changed by one character after signing is refused", zh="签名后改动一个字符的请求被拒绝"), tampered, "body_not_signed"),
)  # fmt: skip
IN_A_QUERY: tuple[tuple[str, Text, Spoil, str], ...] = (
    ("array", Text(en="A signature that is given as an array is refused", zh="以数组形式给出的签名被拒绝"), as_array, "accepts_wrong_signature"),
    ("twice", Text(en="Two wrong signatures are refused", zh="两个错误的签名被拒绝"), twice, "accepts_wrong_signature"),
)  # fmt: skip
OTHER_CASE = (
    "other_case", Text(en="A token whose letters have the other case is refused", zh="字母大小写颠倒的签名被拒绝"), other_case, "accepts_wrong_signature",
)  # fmt: skip
"""Only where the signature is Base64: hex digits are compared without regard to case."""


def what_is_not_checked(caller: Caller, otherwise: str) -> str:
    """The diagnosis once a forgery was accepted. Each alone is a small mistake; all together, nothing is verified."""
    spoils = (missing, last_character, other_key, tampered)
    if any(_refused(caller, spoil, test=True) for spoil in spoils):
        return otherwise
    if any(_refused(caller, spoil, test=False) for spoil in spoils):
        return "test_flag_skips_signature"
    return "no_token_check"


def _refused(caller: Caller, spoil: Spoil, *, test: bool) -> bool:
    command = caller.harmless() if test else caller.real()
    return caller.send(spoil(caller, caller.request(command))).code == NOT_AUTHENTIC
