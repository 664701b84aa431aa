"""Mutants whose answers show which language and framework wrote them (saas-v2 §2.6, §3)."""

from __future__ import annotations

import html
from datetime import datetime
from pathlib import Path
from typing import Any

from tradepost.protocols import registry
from tradepost.protocols.http import Request, Response

from .answer_fields import changed, every_info
from .answer_signing import compact, members_of, signed_over, with_value
from .any_shop import any_seller
from .definition import LICENSE, NOTICE, ONLINE, V1, V2, Answer, Answering, Shop, answer_mutant, mutant
from .every_protocol import OTHERS
from .http_habits import code, page, with_status
from .isv_answering import said, sent
from .serving import head

SIGNATURE, SHAPE, WIRE, LIFE = "signature", "shape", "wire", "lifecycle"
BOTH = (V2, V1)
EVERY = (*BOTH, *OTHERS)


# --- signatures ------------------------------------------------------------------------------------------------------


@answer_mutant("answer_escapes", SIGNATURE)
def signs_with_slashes_escaped(request: Request, response: Response) -> Answer:
    """PHP: json_encode for the signature, JSON_UNESCAPED_SLASHES for the answer."""
    return signed_over(response, response.body.replace(b"/", b"\\/"))


@answer_mutant("answer_escapes", SIGNATURE)
def signs_with_ampersands_escaped(request: Request, response: Response) -> Answer:
    """Go: ``json.Marshal`` for the signature, an Encoder without HTML escapes for the answer."""
    body = response.body.replace(b"https://shop.example.com/", b"https://shop.example.com/?a=1&b=")
    return signed_over(response, body.replace(b"&", b"\\u0026"), body)


@answer_mutant("body_sign_line_end", SIGNATURE, protocols=BOTH)
def header_broken_by_a_line_end(request: Request, response: Response) -> Answer:
    """sun.misc.BASE64Encoder and Android's default: the value breaks in the middle of a header."""
    value = (response.header("Body-Sign") or "").removesuffix('"') + '\r\n"'
    broken = with_value(response, value)
    return head(broken) + b"Content-Length: %d\r\n\r\n" % len(response.body) + response.body


# --- statuses and bodies ---------------------------------------------------------------------------------------------


@answer_mutant("http_status", SHAPE, protocols=(V2, ONLINE, *OTHERS[3:]))
def nothing_to_say_is_204(request: Request, response: Response) -> Answer:
    """``ResponseEntity.noContent()`` if the table has no fields of its own."""
    members = members_of(response)
    bare = members.keys() <= {"resultCode", "resultMsg"} and members["resultCode"] == "000000"
    return Response(204, response.headers, b"") if bare else response


@answer_mutant("http_status", SHAPE)
def creation_is_202(request: Request, response: Response) -> Answer:
    return with_status(response, 202) if "instanceId" in members_of(response) else response


@answer_mutant("missing_result", SHAPE, protocols=(V2, NOTICE))
def result_code_is_null(request: Request, response: Response) -> Answer:
    return said(response, {**members_of(response), "resultCode": None})


@answer_mutant("bad_result_code", SHAPE, protocols=(V2, LICENSE))
def result_code_with_a_blank(request: Request, response: Response) -> Answer:
    """A column of type CHAR(8)."""
    return said(response, {**members_of(response), "resultCode": f"{code(response)}  "})


@answer_mutant("bad_result_code", SHAPE, protocols=(NOTICE,))
def result_code_of_the_open_api(request: Request, response: Response) -> Answer:
    words = {"000000": "MKT.0000"}
    return said(response, {**members_of(response), "resultCode": words.get(code(response), "MKT.0101")})


@answer_mutant("bad_result_code", SHAPE, protocols=(ONLINE,))
def seven_digits_while_a_licence_is_made(request: Request, response: Response) -> Answer:
    """As one page prints it (saas-v2 §11, 12)."""
    if b"getLicenseAsync" in request.body and code(response) == "000000":
        return said(response, {**members_of(response), "resultCode": "0000004"})
    return response


@answer_mutant("wrong_type", SHAPE, protocols=EVERY)
def success_is_true(request: Request, response: Response) -> Answer:
    return said(response, {**members_of(response), "resultCode": code(response) == "000000"})


@answer_mutant("not_json", SHAPE, protocols=(V2, LICENSE))
def digits_without_quotes(request: Request, response: Response) -> Answer:
    """A hand-written template: numbers with leading zeros are not JSON."""
    return sent(response, response.body.replace(b'"000000"', b"000000"))


@answer_mutant("not_json", SHAPE)
def calls_back(request: Request, response: Response) -> Answer:
    return sent(response, b"callback(" + response.body + b");")


@answer_mutant("not_json", SHAPE)
def comma_at_the_end(request: Request, response: Response) -> Answer:
    return sent(response, response.body[:-1] + b",}")


@answer_mutant("not_json", SHAPE)
def escaped_for_a_page(request: Request, response: Response) -> Answer:
    """A template engine that escapes the JSON as HTML."""
    return sent(response, html.escape(response.body.decode()).encode())


@answer_mutant("wrapped_answer", SHAPE, protocols=(V2, "joint_kit_v2"))
def everything_in_result(request: Request, response: Response) -> Answer:
    return said(response, {"success": True, "result": members_of(response)})


@answer_mutant("bytes_after_body", SHAPE)
def length_in_characters(request: Request, response: Response) -> Answer:
    """Node: ``body.length`` of a text with Chinese in it."""
    body = compact({**members_of(response), "resultMsg": "成功"}, ensure_ascii=False)
    signed = signed_over(response, body, body)
    return head(signed) + b"Content-Length: %d\r\n\r\n" % len(body.decode()) + body


@answer_mutant("details_in_answer", SHAPE, "secrets", protocols=(V2, V1, "joint_kit_v2"))
def java_exception_in_the_message(request: Request, response: Response) -> Answer:
    if code(response) == "000000":
        return response
    return said(response, {**members_of(response), "resultMsg": "java.lang.NullPointerException"})


@answer_mutant("details_in_answer", SHAPE, "secrets")
def php_error_in_the_message(request: Request, response: Response) -> Answer:
    if code(response) == "000000":
        return response
    words = "Undefined array key in /var/www/html/produce.php on line 41"
    return said(response, {**members_of(response), "resultMsg": words})


@answer_mutant("details_in_answer", SHAPE, "secrets")
def database_error_in_the_message(request: Request, response: Response) -> Answer:
    if code(response) == "000000":
        return response
    words = "Duplicate entry 'CS1' for key 'uk_order'"
    return said(response, {**members_of(response), "resultMsg": words})


# --- fields ----------------------------------------------------------------------------------------------------------


def _field(diagnosis: str, name: str, change: Any, *, protocols: tuple[str, ...] = (V2,), warned: bool = False) -> None:
    def rewrite(request: Request, response: Response) -> Answer:
        return changed(response, change)

    rewrite.__name__ = name
    answer_mutant(diagnosis, SHAPE, protocols=protocols, warned=warned)(rewrite)


def _renamed(entry: dict[str, Any], name: str, other: str) -> None:
    if name in entry.get("appInfo", {}):
        entry["appInfo"][other] = entry["appInfo"].pop(name)


def _usage(change: Any) -> Any:
    return every_info(lambda entry: [change(usage) for usage in entry.get("usageInfo", [])])


def _created(change: Any) -> Any:
    return lambda members: change(members) if "instanceId" in members else None


_field("field_case", "front_end_url_as_one_word", every_info(lambda e: _renamed(e, "frontEndUrl", "frontendUrl")))
_field("field_case", "front_end_url_in_snake_case", every_info(lambda e: _renamed(e, "frontEndUrl", "front_end_url")))
_field("missing_field", "info_is_null", lambda m: m.update(info=None) if "info" in m else None)
_field("missing_field", "instance_id_is_null", _created(lambda m: m.update(instanceId=None)), protocols=(V2, ONLINE))
_field("wrong_type", "instance_id_in_a_list", _created(lambda m: m.update(instanceId=[m["instanceId"]])))
_field("bad_field", "usage_with_a_comma", _usage(lambda u: u.update(usageValue="12,5")))
_field("bad_field", "usage_with_thousands", _usage(lambda u: u.update(usageValue="1,234.50")))
_field("wrong_type", "time_as_an_epoch", _usage(lambda u: u.update(statisticalTime=1764061234567)))
_field("too_long", "usage_of_a_binary_float", _usage(lambda u: u.update(usageValue=f"{0.1 + 0.2:.24f}")))
_field(
    "odd_url",
    "address_without_a_scheme",
    every_info(lambda e: e.get("appInfo", {}).update(frontEndUrl="shop.example.com/a")),
    warned=True,
)
_field("blank_message", "message_is_blank", lambda m: m.update(resultMsg=""), protocols=(V2, NOTICE), warned=True)
_field(
    "other_instance",
    "answers_with_every_instance",
    lambda m: m.update(info=[*m["info"], {"instanceId": "somebody-elses"}]) if "info" in m else None,
)


# --- what stands before the program ----------------------------------------------------------------------------------


@mutant("rate_limited", SHAPE, WIRE, protocols=(V2, NOTICE), warned=True)
def turns_every_seventh_away(folder: Path, protocol: str) -> Answering:
    """A gateway's rate limit, which lets the same request pass a moment later."""
    seller, count = any_seller(folder, protocol), [0]

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        count[0] += 1
        if count[0] % 7 == 0:
            return Response(429, (("Retry-After", "0"), ("Content-Type", "text/plain")), b"slow down")
        return seller.respond(request, now, nonce)

    return answering


@mutant("rate_limited", SIGNATURE, protocols=(V2,))
def turns_everybody_away(folder: Path, protocol: str) -> Answering:
    return lambda request, now, nonce: Response(429, (("Retry-After", "0"),), b"")


@mutant("http_status", SHAPE, protocols=(V2, "joint_kit_v2"))
def one_of_three_servers_is_down(folder: Path, protocol: str) -> Answering:
    seller, count = any_seller(folder, protocol), [0]

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        count[0] += 1
        return page(502, "Bad Gateway") if count[0] % 3 == 0 else seller.respond(request, now, nonce)

    return answering


@mutant("sql_in_text", SHAPE, protocols=BOTH)
def builds_its_statement_from_text(folder: Path, protocol: str) -> Answering:
    """``"SELECT * FROM instances WHERE id = '" + id + "'"``."""
    shop = Shop(folder, registry.protocol(protocol))

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        quoted = b"it's-" in request.body or "it%27s-" in request.url
        return page(500, "Internal Server Error") if quoted else shop.respond(request, now, nonce)

    return answering
