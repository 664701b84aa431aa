"""Mutants that compare only a part of a signature, or a sum of it, and those that reveal the right one (saas-v2 §2.3,
§2.4, saas-v1-license A1.2).
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime
from functools import reduce
from operator import xor
from pathlib import Path

from tradepost.check.target import target_of
from tradepost.protocols.hmac_sign import hmac_sha256, hmac_sha256_hex
from tradepost.protocols.http import Request, Response

from .answer_signing import compact, members_of, signed_over
from .any_shop import any_seller
from .definition import KEY, V1, V2, Answering, mutant, wire_mutant
from .every_protocol import OTHERS, Met, front_mutant
from .spelled import SpelledV1, SpelledV2

SIGNATURE, SECRETS = "signature", "secrets"
EVERY = (V2, V1, *OTHERS)

type Same = Callable[[str, str], bool]


def _parts(came: str, right: str, step: slice) -> bool:
    return len(came) == len(right) and came[step] == right[step]


PARTIAL: dict[str, Same] = {
    "TheFirstHalf": lambda came, right: _parts(came, right, slice(len(right) // 2)),
    "TheLastHalf": lambda came, right: _parts(came, right, slice(len(right) // 2, None)),
    "EveryOther": lambda came, right: _parts(came, right, slice(0, None, 2)),
    "TheOthers": lambda came, right: _parts(came, right, slice(1, None, 2)),
    "TheMiddle": lambda came, right: _parts(came, right, slice(len(right) // 4, 3 * len(right) // 4)),
    "AllButTheLast": lambda came, right: _parts(came.rstrip("="), right.rstrip("="), slice(-1)),
    "TheLastAlone": lambda came, right: _parts(came.rstrip("="), right.rstrip("="), slice(-1, None)),
    "ItsLetters": lambda came, right: sorted(came) == sorted(right),
    "ASum": lambda came, right: sum(came.encode()) == sum(right.encode()),
    "AnExclusiveOr": lambda came, right: len(came) == len(right) and not reduce(xor, (came + right).encode()),
    "ItsEnd": lambda came, right: len(came) > 8 and (right.endswith(came) or came == right),
    "WhatEndsWithIt": lambda came, right: came.endswith(right),
}
"""The characters of two texts in the same notation."""


def _compares(name: str, same: Same) -> None:
    class V2Kind(SpelledV2):
        def same(self, came: str, computed: str) -> bool:
            return same(came.upper(), computed.upper())

    class V1Kind(SpelledV1):
        def same(self, came: str, computed: str) -> bool:
            return same(came.replace(" ", "+"), computed)

    for kind in (V2Kind, V1Kind):
        kind.__name__ = f"Compares{name}"
        wire_mutant("accepts_wrong_signature", SIGNATURE)(kind)


for _name, _same in PARTIAL.items():
    _compares(_name, _same)


@front_mutant("accepts_wrong_signature", SIGNATURE, protocols=OTHERS)
def compares_the_first_half(met: Met) -> Request:
    half = len(met.right_token) // 2
    right = len(met.token) == len(met.right_token) and met.token[:half].lower() == met.right_token[:half].lower()
    return met.believed() if right else met.request


@front_mutant("accepts_wrong_signature", SIGNATURE, protocols=OTHERS)
def compares_every_other_character(met: Met) -> Request:
    right = len(met.token) == len(met.right_token) and met.token[::2].lower() == met.right_token[::2].lower()
    return met.believed() if right else met.request


@wire_mutant("accepts_wrong_signature", SIGNATURE)
class ForgetsHalfOfTheCase(SpelledV1):
    """A case-insensitive collation, on the indexed half."""

    def same(self, came: str, computed: str) -> bool:
        given = came.replace(" ", "+")
        return given[:22].lower() == computed[:22].lower() and given[22:].lower() == computed[22:].lower()


# --- told to everybody -----------------------------------------------------------------------------------------------


type Tell = Callable[[bytes, Response], Response]


def _in_the_message(text: str, response: Response) -> Response:
    body = compact({**members_of(response), "resultMsg": text[:255]})
    return signed_over(response, body, body)


def _in_a_header(text: str, response: Response) -> Response:
    return Response(response.status, (*response.headers, ("X-Expected", text)), response.body)


def _tells(name: str, tell: Callable[[bytes, Response], Response]) -> None:
    def build(folder: Path, protocol: str) -> Answering:
        seller, dialect = any_seller(folder, protocol), target_of(protocol).dialect

        def answering(request: Request, now: datetime, nonce: str) -> Response:
            response = seller.respond(request, now, nonce)
            if b'"000001"' not in response.body:
                return response
            try:
                return tell(dialect.right_signature(request, KEY), response)
            except ValueError:
                return response

        return answering

    build.__name__ = name
    mutant("signature_in_answer", SECRETS, protocols=EVERY if name == "says_what_it_expected" else (V2, V1))(build)


_tells(
    "says_what_it_expected",
    lambda right, response: _in_the_message(
        f"sign error, expected {right.hex().upper()} or {base64.b64encode(right).decode()}", response
    ),
)
_tells("says_it_in_a_header", lambda right, response: _in_a_header(base64.b64encode(right).decode(), response))
_tells("says_its_beginning", lambda right, response: _in_the_message(f"expected {right.hex()[:24]}...", response))
_tells("says_it_url_safe", lambda right, response: _in_the_message(base64.urlsafe_b64encode(right).decode(), response))


@mutant("signature_in_answer", SECRETS, protocols=(V2,))
def says_the_hash_of_the_body(folder: Path, protocol: str) -> Answering:
    """A client can have any text signed, including an answer's body."""
    seller = any_seller(folder, protocol)

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        response = seller.respond(request, now, nonce)
        if b'"000001"' not in response.body:
            return response
        return _in_the_message(f"payload hash is {hmac_sha256_hex(KEY, request.body)}", response)

    return answering


@mutant("signature_in_answer", SECRETS, protocols=(V2,))
def says_a_body_sign(folder: Path, protocol: str) -> Answering:
    seller = any_seller(folder, protocol)

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        response = seller.respond(request, now, nonce)
        if b'"000001"' not in response.body:
            return response
        return _in_a_header(base64.b64encode(hmac_sha256(KEY, request.body)).decode(), response)

    return answering
