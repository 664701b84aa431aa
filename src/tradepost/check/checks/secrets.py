"""Group *secrets*: required encryption is present, and answers reveal no secrets (saas-v1-license §A1.4).

``LAST_CHECKS`` names the checks that read every answer of the run.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from tradepost.check.answers import failed
from tradepost.check.definition import Check, CheckBuilder, check_factory
from tradepost.check.forgeries import last_character, tampered, without_signature
from tradepost.check.judgements import MIN_KEY_LENGTH, hides_key, shows_no_details
from tradepost.check.outcomes import Skipped
from tradepost.protocols.body_sign import HEADER
from tradepost.protocols.hmac_sign import hmac_sha256
from tradepost.protocols.http import header
from tradepost.protocols.text import Text

if TYPE_CHECKING:
    from tradepost.check.answers import Answer
    from tradepost.check.caller import Caller
    from tradepost.check.target import Target
    from tradepost.protocols.http import Request

MIN_PIECE_LENGTH = 12
"""Characters of a signature that cannot match by chance; printing only its beginning already reveals too much."""
LAST_CHECKS = frozenset({"secrets.key_hidden", "secrets.signature_hidden", "secrets.no_details"})


@check_factory
def checks(target: Target) -> Iterable[Check]:
    make = CheckBuilder(target, "secrets")
    yield make(
        "key_hidden", "signature", _key_hidden,
        Text(en="No answer shows the signing key", zh="任何响应都不泄露签名密钥"),
        Text(en="neither headers nor bodies hold it", zh="响应头与响应体均不含密钥"),
        alone=True,
    )  # fmt: skip
    yield make(
        "signature_hidden", "freshness", _signature_hidden,
        Text(en="No refusal shows the signature that would have been right", zh="拒绝响应不泄露正确的签名"),
        Text(en="neither headers nor body hold it, whole or in part: a signature that is told to whoever asks proves nothing",
             zh="响应头与响应体均不含正确签名（全部或部分）：告知请求者的签名失去意义"),
        alone=True,
    )  # fmt: skip
    yield make(
        "no_details", "answer", _no_details,
        Text(en="No answer shows the server's inside", zh="任何响应都不泄露服务器内部信息"),
        Text(en="no stack trace, no SQL, no file of the server", zh="没有堆栈、SQL或服务器文件"),
        alone=True,
    )  # fmt: skip


def _key_hidden(caller: Caller) -> None:
    key = caller.options.key
    if len(key.encode()) < MIN_KEY_LENGTH:
        raise Skipped(Text(en="the key is too short to look for", zh="密钥过短，无法查找"))
    for answer in caller.history.answers:
        hides_key(answer, key)


def _signature_hidden(caller: Caller) -> None:
    """For every request that was not authentic: those of this check, and of the whole run."""
    for spoil in (without_signature, last_character, tampered):
        for command in (caller.harmless(), caller.real()):
            caller.send(spoil(caller, caller.request(command)))
    for answer in caller.history.answers:
        if _shows_the_right_signature(caller, answer):
            raise failed("signature_in_answer", answer, Text(en="to a forged request", zh="对伪造请求的响应"))


def _shows_the_right_signature(caller: Caller, answer: Answer) -> bool:
    dialect, request, key = caller.target.dialect, answer.request, caller.options.key
    try:
        correct_signature = dialect.right_signature(request, key)
    except (ValueError, AttributeError):
        return False
    request_text = _plain(_request_content(request))
    if any(_is_partly_in(text, request_text) for text in _encodings_of(correct_signature)):
        # Repeating the signature of an authentic request reveals nothing.
        return False
    answer_text = _plain(_answer_content(answer))
    signatures = [correct_signature, *([hmac_sha256(key, request.body)] if dialect.json_body and request.body else [])]
    return any(_is_partly_in(text, answer_text) for raw in signatures for text in _encodings_of(raw))


def _request_content(request: Request) -> bytes:
    return "\n".join([request.url, *(value for _, value in request.headers)]).encode("utf-8", "replace")


def _answer_content(answer: Answer) -> bytes:
    """Return the answer without its own signature, which is a different one."""
    signature = header(answer.received.headers, HEADER)
    content = answer.received.raw + b"\n" + answer.content
    return content.replace(signature.encode("latin-1", "replace"), b"") if signature else content


def _plain(text: bytes) -> bytes:
    """Remove escapes of JSON and URLs, and lower the case, since hex digits have both cases."""
    return unquote_to_bytes(text.replace(b"\\/", b"/").replace(b"\\u003d", b"=").replace(b"\\u002b", b"+")).lower()


def _encodings_of(raw: bytes) -> Iterator[bytes]:
    yield raw.hex().encode()
    yield base64.b64encode(raw).lower()
    yield base64.urlsafe_b64encode(raw).lower()
    yield base64.b64encode(raw.hex().encode()).lower()
    yield base64.b64encode(raw.hex().upper().encode()).lower()


def _is_partly_in(text: bytes, content: bytes) -> bool:
    return any(text[at : at + MIN_PIECE_LENGTH] in content for at in range(len(text) - MIN_PIECE_LENGTH + 1))


def _no_details(caller: Caller) -> None:
    for answer in caller.history.answers:
        shows_no_details(answer)
