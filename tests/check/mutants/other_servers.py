"""Mutants that are another server: of another version, with another character set, compressed, with one process of
another key (saas-v2 §2.6, §3.0, saas-v1-license A1).
"""

from __future__ import annotations

import gzip
import json
import random
import zlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from tradepost.protocols import registry
from tradepost.protocols.body_sign import body_sign
from tradepost.protocols.http import Request, Response
from tradepost.protocols.signed_query import auth_token

from .answer_signing import compact, members_of, signed_over, with_value
from .any_shop import any_seller
from .definition import (
    CODE,
    KEY,
    LICENSE,
    NOTICE,
    ONLINE,
    V1,
    V2,
    Answer,
    Answering,
    Shop,
    answer_mutant,
    mutant,
    wire_mutant,
)
from .every_protocol import Met, front_mutant
from .http_habits import page, with_type
from .spelled import SpelledV1

SIGNATURE, WIRE, SHAPE, LOAD, DEBUG, TIME = "signature", "wire", "shape", "load", "debug", "time"
BOTH = (V2, V1)

# --- another version -------------------------------------------------------------------------------------------------

REALLY = {V2: V1, V1: V2, LICENSE: V1, CODE: V2, NOTICE: V2}
"""The version that the seller really speaks, by the one that is tested."""


def _speaks_another(folder: Path, protocol: str) -> Answering:
    return any_seller(folder, REALLY[protocol]).respond


@mutant("other_protocol", SIGNATURE, WIRE, SHAPE, DEBUG, protocols=tuple(REALLY))
def speaks_another_version(folder: Path, protocol: str) -> Answering:
    return _speaks_another(folder, protocol)


@mutant("other_protocol", SIGNATURE, SHAPE, protocols=BOTH)
def has_no_page_for_the_other_method(folder: Path, protocol: str) -> Answering:
    """A servlet with only ``doGet``, or a route only for POST."""
    honest, method = _speaks_another(folder, protocol), "GET" if REALLY[protocol] == V1 else "POST"

    def answering(request: Request, now: datetime, nonce: str) -> Answer:
        return honest(request, now, nonce) if request.method == method else page(405, "Method Not Allowed")

    return answering


@mutant("other_protocol", SIGNATURE, SHAPE, protocols=BOTH)
def takes_it_for_a_forgery(folder: Path, protocol: str) -> Answering:
    """A request without the seller's own parameters is treated as not authentic."""
    honest = _speaks_another(folder, protocol)

    def answering(request: Request, now: datetime, nonce: str) -> Answer:
        needed = "authToken" if REALLY[protocol] == V1 else "signature"
        if f"{needed}=" in request.url:
            return honest(request, now, nonce)
        body = compact({"resultCode": "000001", "resultMsg": "sign error"})
        return Response(200, (("Content-Type", "application/json"), ("Body-Sign", body_sign(body, KEY))), body)

    return answering


# --- bytes of answers ------------------------------------------------------------------------------------------------


def _chinese(response: Response) -> bytes:
    return compact({**members_of(response), "resultMsg": "操作结果说明"}, ensure_ascii=False)


@answer_mutant("answer_in_gbk", SIGNATURE, SHAPE, protocols=BOTH)
def writes_gbk_and_signs_utf8(request: Request, response: Response) -> Answer:
    """``getBytes("UTF-8")`` for the signature, the platform's charset for the answer."""
    text = _chinese(response)
    return signed_over(response, text, text.decode().encode("gbk"))


@answer_mutant("answer_in_gbk", WIRE, SHAPE, protocols=BOTH)
def refuses_in_gbk(request: Request, response: Response) -> Answer:
    """Successes are ASCII; the messages of errors are Chinese."""
    if members_of(response)["resultCode"] == "000000":
        return response
    body = _chinese(response).decode().encode("gbk")
    return signed_over(response, body, body)


@answer_mutant("answer_in_gbk", SHAPE)
def bytes_of_gbk_that_look_like_escapes(request: Request, response: Response) -> Answer:
    """The second byte of some characters is a backslash."""
    body = compact({**members_of(response), "resultMsg": "開業誠許功"}, ensure_ascii=False)
    body = body.decode().encode("gbk")
    return with_type(signed_over(response, body, body), "application/json")


@answer_mutant("answer_other_charset", SIGNATURE)
def signs_gbk_and_writes_utf8(request: Request, response: Response) -> Answer:
    text = _chinese(response)
    return signed_over(response, text.decode().encode("gbk"), text)


@answer_mutant("compressed", SIGNATURE, SHAPE, WIRE, protocols=BOTH)
def compresses_what_was_signed(request: Request, response: Response) -> Answer:
    """The proxy before it, ``gzip on`` for everything."""
    return Response(200, (*response.headers, ("Content-Encoding", "gzip")), gzip.compress(response.body))


@answer_mutant("compressed", SIGNATURE, SHAPE)
def compresses_without_a_word(request: Request, response: Response) -> Answer:
    """A page from a cache of compressed files, without a header."""
    return Response(200, response.headers, gzip.compress(response.body))


@answer_mutant("compressed", SIGNATURE, SHAPE)
def deflates(request: Request, response: Response) -> Answer:
    return Response(200, (*response.headers, ("Content-Encoding", "deflate")), zlib.compress(response.body))


# --- the token of SaaS 1.0 -------------------------------------------------------------------------------------------


class _SignsAllBut(SpelledV1):
    names: tuple[str, ...] = ()

    def signed(self, parameters: Mapping[str, str]) -> Mapping[str, str]:
        return {name: value for name, value in parameters.items() if name not in self.names}


for _kind, _names in {
    "LeavesOutTheTestFlag": ("testFlag",),
    "LeavesOutTheActivity": ("activity",),
    "LeavesOutFlagAndActivity": ("testFlag", "activity"),
    "LeavesOutWhatItIsAbout": ("instanceId", "businessId"),
}.items():
    wire_mutant("token_incomplete", SIGNATURE)(type(_kind, (_SignsAllBut,), {"names": _names}))


@wire_mutant("token_incomplete", DEBUG)
class SignsTheParametersOf2017(_SignsAllBut):
    """A fixed list, while the interface grew (saas-v1-license A2.1)."""

    names = ("skuCode", "trialFlag", "startTime", "amount", "diskSize", "bandWidth", "orderAmount", "customerName")


@wire_mutant("token_incomplete", DEBUG)
class LeavesOutTheExpiry(_SignsAllBut):
    """Added to the interface after the program was written."""

    names = ("expireTime",)


@front_mutant("token_incomplete", SIGNATURE, protocols=(LICENSE, "joint_kit_v1"))
def signs_without_the_test_flag(met: Met) -> Request:
    if not met.members:
        return met.request
    texts = met.dialect.texts({n: v for n, v in met.members.items() if n != "testFlag"})  # type: ignore[attr-defined]
    stamp = met.dialect.get(met.request, "timeStamp")
    right = met.token == auth_token({**texts, "timeStamp": stamp}, key=KEY)
    return met.believed() if right else met.spoiled()


# --- what is no race -------------------------------------------------------------------------------------------------


@answer_mutant("signature_mismatch", LOAD, protocols=BOTH)
def every_answer_is_wrong_by_itself(request: Request, response: Response) -> Answer:
    """With and without parallel calls."""
    return signed_over(response, b"what it was before the last change of the body" + response.body)


@answer_mutant("reserialised_json", LOAD)
def every_answer_is_written_again(request: Request, response: Response) -> Answer:
    members = members_of(response)
    return signed_over(response, json.dumps(members, sort_keys=True).encode(), compact(members))


@mutant("keys_differ", LOAD, protocols=BOTH)
def one_process_was_not_restarted(folder: Path, protocol: str) -> Answering:
    """After the key was changed, one of three processes still verifies and signs with the old one."""
    shops = [Shop(folder, registry.protocol(protocol), key=key) for key in (KEY, KEY, "the-key-of-last-year")]
    chance = random.Random(5)

    def answering(request: Request, now: datetime, nonce: str) -> Answer:
        return chance.choice(shops).respond(request, now, nonce)

    return answering


@mutant("keys_differ", LOAD, protocols=BOTH)
def one_process_signs_with_another_key(folder: Path, protocol: str) -> Answering:
    shop, chance = Shop(folder, registry.protocol(protocol)), random.Random(5)

    def answering(request: Request, now: datetime, nonce: str) -> Answer:
        response = shop.respond(request, now, nonce)
        return response if chance.random() < 0.7 else with_value(response, body_sign(response.body, "another key"))

    return answering


# --- where the specification is silent -------------------------------------------------------------------------------


@mutant("accepts_bad_time", TIME, protocols=(ONLINE,), warned=True)
def licences_begin_when_they_are_issued(folder: Path, protocol: str) -> Answering:
    """effectiveTime is ignored (saas-v1-license B3)."""
    seller = any_seller(folder, protocol)

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        response = seller.respond(request, now, nonce)
        met = Met(protocol, request, now, nonce)
        unread = met.members.get("effectiveTime") == "tomorrow" and met.is_right
        return met.says("000000") if unread and b'"000002"' in response.body else response

    return answering
