"""Mutants whose answers look as in projects whose authors did not read the tables (saas-v2 §2.6, §3)."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path

from tradepost.protocols import registry
from tradepost.protocols.hmac_sign import hmac_sha256, hmac_sha256_base64
from tradepost.protocols.http import Request, Response

from .answer_signing import compact, members_of, signed_over, spelled, with_value
from .definition import KEY, V1, V2, Answer, Answering, Shop, answer_mutant, mutant
from .http_habits import code, page, with_status, with_type
from .serving import head

SIGNATURE, SHAPE, WIRE, LOAD = "signature", "shape", "wire", "load"
BOTH = (V2, V1)


def sent(response: Response, body: bytes) -> Response:
    return signed_over(response, body, body)


def said(response: Response, members: dict[str, object]) -> Response:
    return sent(response, compact(members))


# --- signatures ------------------------------------------------------------------------------------------------------


@answer_mutant("compressed", WIRE, SIGNATURE)
def signs_what_was_compressed(request: Request, response: Response) -> Answer:
    body = gzip.compress(response.body)
    signed = signed_over(response, body, body)
    return Response(200, (*signed.headers, ("Content-Encoding", "gzip")), body)


@answer_mutant("signs_empty_body", SIGNATURE, protocols=BOTH)
def signs_nothing(request: Request, response: Response) -> Answer:
    """A filter that reads the response before anything was written to it."""
    return signed_over(response, b"")


@answer_mutant("answer_key_changed", SIGNATURE)
def signs_with_a_key_in_lower_case(request: Request, response: Response) -> Answer:
    return with_value(response, spelled(hmac_sha256_base64(KEY.lower(), response.body)))


@answer_mutant("answer_key_changed", SIGNATURE)
def signs_with_a_line_end_at_the_key(request: Request, response: Response) -> Answer:
    return with_value(response, spelled(hmac_sha256_base64(f"{KEY}\n", response.body)))


@answer_mutant("body_sign_format", WIRE, SIGNATURE)
def no_sign_type(request: Request, response: Response) -> Answer:
    return with_value(response, f'signature="{hmac_sha256_base64(KEY, response.body)}"')


@answer_mutant("body_sign_format", WIRE, SIGNATURE)
def separates_with_a_semicolon(request: Request, response: Response) -> Answer:
    return with_value(response, (response.header("Body-Sign") or "").replace(",", ";"))


@answer_mutant("body_sign_format", WIRE, SIGNATURE)
def signature_in_json(request: Request, response: Response) -> Answer:
    value = {"sign_type": "HMAC-SHA256", "signature": hmac_sha256_base64(KEY, response.body)}
    return with_value(response, json.dumps(value))


@answer_mutant("no_body_sign", SIGNATURE)
def signature_in_the_body(request: Request, response: Response) -> Answer:
    members = {**members_of(response), "bodySign": hmac_sha256_base64(KEY, response.body)}
    return with_value(Response(200, response.headers, compact(members)), None)


@answer_mutant("constant_signature", SIGNATURE)
def signs_the_result_code(request: Request, response: Response) -> Answer:
    return signed_over(response, b"000000success")


@answer_mutant("answer_hex", SIGNATURE)
def hex_of_the_hmac(request: Request, response: Response) -> Answer:
    return with_value(response, spelled(hmac_sha256(KEY, response.body).hex()))


@answer_mutant("unsigned_error", SIGNATURE)
def only_newly_made_is_signed(request: Request, response: Response) -> Answer:
    """The code that signs is only reached after a success."""
    return response if code(response) in {"000000", "000004"} else with_value(response, None)


# --- the envelope ----------------------------------------------------------------------------------------------------


@answer_mutant("http_status", SHAPE, SIGNATURE)
def right_body_with_500(request: Request, response: Response) -> Answer:
    return with_status(response, 500)


@answer_mutant("wrong_content_type", SHAPE, WIRE)
def plain_text(request: Request, response: Response) -> Answer:
    return with_type(response, "text/plain;charset=UTF-8")


@answer_mutant("field_case", SHAPE, SIGNATURE, protocols=BOTH)
def result_code_in_lower_case(request: Request, response: Response) -> Answer:
    members = members_of(response)
    return said(response, {"resultcode": members.pop("resultCode"), **members})


@answer_mutant("field_case", SHAPE)
def snake_case(request: Request, response: Response) -> Answer:
    """A naming strategy of the JSON library."""
    members = members_of(response)
    names = {"resultCode": "result_code", "resultMsg": "result_msg", "instanceId": "instance_id"}
    return said(response, {names.get(name, name): value for name, value in members.items()})


@answer_mutant("field_case", SHAPE)
def instance_id_in_lower_case(request: Request, response: Response) -> Answer:
    members = members_of(response)
    return said(response, {"instanceid" if name == "instanceId" else name: value for name, value in members.items()})


@answer_mutant("wrapped_answer", SHAPE, SIGNATURE, protocols=BOTH)
def everything_in_data(request: Request, response: Response) -> Answer:
    """The project's usual envelope for its own front end."""
    return said(response, {"code": 200, "msg": "ok", "data": members_of(response)})


@answer_mutant("wrapped_answer", SHAPE)
def an_array_of_one(request: Request, response: Response) -> Answer:
    return sent(response, json.dumps([members_of(response)]).encode())


@answer_mutant("bad_result_code", SHAPE, SIGNATURE, protocols=BOTH)
def success_is_0(request: Request, response: Response) -> Answer:
    members = members_of(response)
    return said(response, {**members, "resultCode": "0" if members["resultCode"] == "000000" else "1"})


@answer_mutant("bad_result_code", SHAPE)
def seven_digits(request: Request, response: Response) -> Answer:
    """As some pages print it (saas-v2 §11, 12)."""
    members = members_of(response)
    return said(response, {**members, "resultCode": f"0{members['resultCode']}"})


@answer_mutant("bad_result_code", SHAPE)
def success_in_words(request: Request, response: Response) -> Answer:
    members = members_of(response)
    return said(response, {**members, "resultCode": "SUCCESS" if members["resultCode"] == "000000" else "FAIL"})


@answer_mutant("missing_result", SHAPE)
def message_is_null(request: Request, response: Response) -> Answer:
    return said(response, {**members_of(response), "resultMsg": None})


@answer_mutant("duplicate_members", SHAPE, WIRE)
def result_code_twice(request: Request, response: Response) -> Answer:
    return sent(response, b'{"resultCode":"000005",' + response.body[1:])


@answer_mutant("not_json", SHAPE, WIRE)
def trailing_comma(request: Request, response: Response) -> Answer:
    return sent(response, response.body[:-1] + b",}")


@answer_mutant("not_json", SHAPE, WIRE)
def single_quotes_in_json(request: Request, response: Response) -> Answer:
    return sent(response, response.body.replace(b'"', b"'"))


@answer_mutant("not_json", SHAPE, WIRE)
def wrapped_in_a_callback(request: Request, response: Response) -> Answer:
    return sent(response, b"callback(" + response.body + b")")


@answer_mutant("not_json", SHAPE)
def raw_line_end_in_a_text(request: Request, response: Response) -> Answer:
    return sent(response, response.body.replace(b'"resultMsg":"', b'"resultMsg":"\n'))


@answer_mutant("not_json", SHAPE)
def printed_twice(request: Request, response: Response) -> Answer:
    return sent(response, response.body + response.body)


@answer_mutant("not_json", SHAPE)
def warning_before_the_json(request: Request, response: Response) -> Answer:
    """PHP with display_errors."""
    return sent(response, b"<br />\n<b>Notice</b>: Undefined index: testFlag\n" + response.body)


@answer_mutant("empty_body", SHAPE)
def nothing_in_the_body(request: Request, response: Response) -> Answer:
    return sent(response, b"")


@answer_mutant("not_json", SHAPE, "lifecycle")
def nan_for_usage(request: Request, response: Response) -> Answer:
    return sent(response, response.body.replace(b'"usageValue":12.5', b'"usageValue":NaN'))


@answer_mutant("not_utf8", SHAPE, WIRE)
def utf_16(request: Request, response: Response) -> Answer:
    body = response.body.decode("ascii").encode("utf-16")
    return with_type(sent(response, body), "application/json;charset=utf-16")


@answer_mutant("raw_non_ascii", WIRE, warned=True)
def raw_chinese_in_the_message(request: Request, response: Response) -> Answer:
    """The table asks for escapes in memo alone (saas-v2 §3.2)."""
    return sent(response, response.body.replace(b'"success"', '"成功"'.encode()))


@answer_mutant("http_status", SHAPE, SIGNATURE)
def html_for_every_exception(request: Request, response: Response) -> Answer:
    return page(500, "HTTP Status 500 – Internal Server Error")


@mutant("redirect", SHAPE, SIGNATURE, protocols=BOTH)
def redirects_to_a_login_page(folder: Path, protocol: str) -> Answering:
    """A security filter in front of every path but those on its list."""
    body = b"<html>please sign in</html>"
    headers = (("Location", "https://sso.example.com/login?service=produce"), ("Content-Type", "text/html"))
    return lambda request, now, nonce: Response(302, headers, body)


@mutant("login_page", SHAPE, SIGNATURE)
def answers_with_a_login_page(folder: Path, protocol: str) -> Answering:
    body = b"<!doctype html><html><title>Sign in</title><form action=/login><input type=password></form></html>"
    return lambda request, now, nonce: Response(200, (("Content-Type", "text/html"),), body)


# --- slow ------------------------------------------------------------------------------------------------------------


@mutant("slow_answer", LOAD, answer_within=0.8)
def too_long_for_each(folder: Path, protocol: str) -> Answering:
    shop = Shop(folder, registry.protocol(protocol))

    def answering(request, now, nonce):
        time.sleep(1)
        return shop.respond(request, now, nonce)

    return answering


@answer_mutant("slow_answer", SHAPE, answer_within=0.8)
def provisions_while_the_market_waits(request: Request, response: Response) -> Answer:
    if b'"newInstance"' in request.body and "instanceId" in members_of(response):
        time.sleep(1)
    return response


@answer_mutant("too_slow", SIGNATURE, SHAPE, timeout=0.5)
def never_answers(request: Request, response: Response) -> Answer:
    time.sleep(1)
    return response


@answer_mutant("too_slow", WIRE, SHAPE, timeout=0.5)
def promises_more_than_comes(request: Request, response: Response) -> Answer:
    """The length counts characters before they were escaped, and the connection stays open."""
    time.sleep(0.7)
    return head(response) + b"Content-Length: %d\r\n\r\n" % (len(response.body) + 9) + response.body
