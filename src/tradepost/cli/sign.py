"""``tradepost sign``: a request with a new signature, as a command to paste or sent at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from tradepost.cli import terminal

if TYPE_CHECKING:
    from tradepost.check.signing import Signer
    from tradepost.check.target import Target
    from tradepost.protocols.http import Request

COULD_NOT_RUN = 2
KEY = "TRADEPOST_KEY"
TIMEOUT = 20.0
"""In seconds, like the market's."""


def sign(
    url: str,
    activity: str = "",
    /,
    *,
    protocol: str = "saas_v2",
    data: str = "",
    set: Annotated[Sequence[str], Parameter(negative="")] = (),  # noqa: A002  the option's name
    real: Annotated[bool, Parameter(negative="")] = False,
    key_file: Path | None = None,
    send: Annotated[bool, Parameter(negative="")] = False,
    any_certificate: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Sign a request to a seller again, and print it as a curl command or send it.

    A signature is valid for 60 seconds. Name an activity for a new request, or give URL and body of an expired one.
    The signing key is read from --key-file, from TRADEPOST_KEY, or asked for; it is never shown.

    Parameters
    ----------
    url
        The production address, or the complete URL of an earlier request.
    activity
        The activity, for example newInstance: a test call with sample values.
    protocol
        The protocol version of the seller.
    data
        The body of an earlier request, signed unchanged; - reads it from standard input.
    set
        Another value for a member of the sample, for example instanceId=4ef28f; may be repeated.
    real
        Not a test call: the seller executes the request.
    key_file
        A file that contains only the signing key.
    send
        Send it and show the answer, instead of printing a curl command. Ends with code 1 when it is not a success.
    any_certificate
        With --send, accept a self-signed certificate of an https address.
    """
    from datetime import UTC, datetime
    from secrets import token_hex

    from tradepost.check import CannotRun
    from tradepost.check.signing import Signer
    from tradepost.check.target import target_of

    try:
        _address_or_refuse(url)
        target = target_of(protocol)
        body = sys.stdin.buffer.read() if data == "-" else data.encode()
        signer = Signer(
            target=target, key=_key(key_file), clock=lambda: datetime.now(UTC), chance=lambda: token_hex(16)
        )
        request = _request(signer, url, activity, body, real=real, changes=set)
    except (CannotRun, OSError, ValueError) as reason:
        terminal.warn(f"tradepost sign: {reason}")
        return COULD_NOT_RUN
    if send:
        return _send(request, target, signer.key, any_certificate=any_certificate)
    return _print(request, aging=target.dialect.stamped)


def _address_or_refuse(url: str) -> None:
    from urllib.parse import urlsplit

    from tradepost.check import CannotRun

    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        raise CannotRun(f"{url!r} is no address: it looks like http://127.0.0.1:9000/produce")


def _key(key_file: Path | None) -> str:
    """Return the key without a trailing line end. Raises ``CannotRun`` if there is none."""
    from getpass import getpass

    from tradepost.check import CannotRun

    if key_file is not None:
        key = key_file.read_text(encoding="utf-8").rstrip("\r\n")
    elif KEY in os.environ:
        key = os.environ[KEY]
    elif sys.stdin.isatty():
        key = getpass("Signing key: ")
    else:
        raise CannotRun(f"the key is missing: give it with --key-file or {KEY}, or call this in a terminal to be asked")
    if not key:
        raise CannotRun(f"the key is empty: {key_file or KEY} holds none")
    return key


def _request(signer: Signer, url: str, activity: str, body: bytes, *, real: bool, changes: Sequence[str]) -> Request:
    from tradepost.check import CannotRun
    from tradepost.check.signing import carries_request

    invalid_changes = [change for change in changes if "=" not in change]
    if invalid_changes:
        raise CannotRun(f"--set {invalid_changes[0]}: write a name and a value, for example --set instanceId=4ef28f")
    if activity:
        if body:
            raise CannotRun("either an activity or --data: a body says itself what it asks")
        pairs = (change.partition("=") for change in changes)
        return signer.sample(url, activity, test=not real, changes={name: value for name, _, value in pairs})
    if not carries_request(signer.target, url, body):
        names = ", ".join(signer.target.protocol.activities.values())
        raise CannotRun(
            f"name what to ask ({names}), or give the request that was sent before: its URL, and its body with --data"
        )
    if changes or real:
        raise CannotRun("--set and --real belong to an activity: a request that was sent before is signed as it is")
    return signer.again(url, body)


def _print(request: Request, *, aging: bool) -> int:
    from tradepost.protocols.curl_line import curl_line

    if aging:
        terminal.warn("Paste it within 60 s; the seller takes it once.")
    terminal.print_line(curl_line(method=request.method, url=request.url, headers=request.headers, body=request.body))
    return 0


def _send(request: Request, target: Target, key: str, *, any_certificate: bool) -> int:
    from tradepost.check.answers import Answer
    from tradepost.check.diagnoses import diagnosis
    from tradepost.check.http_client import HttpClient
    from tradepost.check.reports.spelling import format_answer, format_request
    from tradepost.check.signature_diagnosis import explain_body_sign

    received_response = HttpClient(TIMEOUT, any_certificate).send(request)
    answer = Answer(request, received_response)
    terminal.print_line(format_request(request).replace(key, "***"))
    terminal.print_line("")
    terminal.print_line(format_answer(received_response.raw.replace(key.encode(), b"***")) or received_response.problem)
    terminal.print_line("")
    mistake = explain_body_sign(answer, key) if received_response.status and target.specification.body_sign else None
    if mistake:
        terminal.warn(f"Body-Sign: {diagnosis(mistake).words.en}")
    terminal.warn(f"{answer.describe().en} ({received_response.seconds:.2f} s)")
    return 0 if answer.accepted and not mistake else 1
