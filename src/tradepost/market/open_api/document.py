"""The OpenAPI document of all open APIs, made of what their views declare, and the address where it is served."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.cache import get_conditional_response
from django.views.decorators.csrf import csrf_exempt

from tradepost import __version__
from tradepost.market.base.config import config
from tradepost.market.web.programs import PREFIXES
from tradepost.market.web.writers import READING
from tradepost.protocols.open_api.buyer_errors import ERRORS as BUYER_ERRORS
from tradepost.protocols.open_api.buyer_errors import REFUSAL
from tradepost.protocols.open_api.errors import ApiError, gateway_error

from .answers import Errors, Takes, unknown_api
from .authentication import by_access_key
from .buyer_authentication import by_buyer_key
from .described import Described, Other, Parameter, Schema, SeveralMethods, of_field
from .usage_authentication import by_base_key

VERSION = "3.1.0"
_CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")
_SCHEMES: Mapping[Any, str] = {by_access_key: "SellerKey", by_buyer_key: "BuyerKey", by_base_key: "BaseKey"}

GATEWAY: tuple[ApiError, ...] = (
    gateway_error("APIGW.0201", 400),
    gateway_error("APIGW.0101"),
    gateway_error("APIGW.0201", 413),
    gateway_error("APIGW.0201", 414),
    gateway_error("APIGW.0308"),
    gateway_error("APIGW.0201", 494),
    gateway_error("APIGW.0201", 502),
)
"""What the frame around every API may answer (``answers.py``, ``received.py``)."""

_HOW_TO_SIGN = (
    "SDK-HMAC-SHA256 Access={access key}, SignedHeaders={names}, Signature={hex}: the AK/SK signature of Huawei Cloud, with "
    "the header X-Sdk-Date. huaweicloudsdkcore and the market's kit make it."
)


def document() -> dict[str, Any]:
    """All addresses of the open APIs, in the order of the URL patterns."""
    paths: dict[str, dict[str, Any]] = {}
    for path, takes in _apis():
        paths[path] = {method.lower(): _operation(path, method, takes, one) for method, one in _by_method(takes)}
    return {
        "openapi": VERSION,
        "info": {
            "title": "Tradepost open APIs",
            "version": __version__,
            "description": "APIs that programs of sellers and buyers call. Every answer has the header X-Request-Id.",
        },
        "servers": [{"url": config().base_url}],
        "tags": [
            {"name": "Seller", "description": "For servers of sellers, signed with a key of the seller center."},
            {
                "name": "Buyer",
                "description": "For programs of buyers, signed with an access key of the buyer's account.",
            },
        ],
        "paths": paths,
        "components": {"schemas": _shared_schemas(), "securitySchemes": _security_schemes()},
    }


def _apis() -> Iterator[tuple[str, Takes]]:
    for path, view in _views(get_resolver().url_patterns, "/"):
        takes = getattr(view, "takes", None)
        if isinstance(takes, Takes):
            yield path, takes


def _views(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[tuple[str, Any]]:
    """Address with its parameters in braces, and view, of what is under a prefix of the APIs."""
    for one in patterns:
        path = before + _CONVERTER.sub(r"{\1}", str(one.pattern))
        if isinstance(one, URLResolver):
            yield from _views(one.url_patterns, path)
        elif path.lstrip("/").partition("/")[0] in PREFIXES:
            yield path, one.callback


def _by_method(takes: Takes) -> list[tuple[str, Described]]:
    declared = takes.described
    return list(declared.methods.items()) if isinstance(declared, SeveralMethods) else [(takes.methods[0], declared)]


def _operation(path: str, method: str, takes: Takes, one: Described) -> dict[str, Any]:
    shown: dict[str, Any] = {"operationId": one.operation, "tags": [one.tag], "summary": one.summary}
    words = " ".join(filter(None, (one.words, f"Permission of the key: {one.right}." if one.right else "")))
    if words:
        shown["description"] = words
    scheme = _SCHEMES.get(takes.authentication)
    shown["security"] = [{scheme: []}] if scheme else []
    parameters = [_path_parameter(name) for name in re.findall(r"\{(\w+)\}", path)]
    if scheme in {"SellerKey", "BuyerKey"}:
        parameters.append(_parameter(_SDK_DATE))
    parameters += map(_parameter, one.parameters)
    if parameters:
        shown["parameters"] = parameters
    if one.body is not None:
        shown["requestBody"] = {"required": True, "content": {one.media: {"schema": one.body}}}
    return {**shown, "responses": _responses(method, takes.errors, one)}


_SDK_DATE = Parameter(name="X-Sdk-Date", place="header", required=True, words="UTC, yyyyMMdd'T'HHmmss'Z'.")


def _path_parameter(name: str) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _parameter(one: Parameter) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": one.name, "in": one.place, "required": one.required, "schema": one.schema}
    return {**shown, "description": one.words} if one.words else shown


def _responses(method: str, errors: Errors, one: Described) -> dict[str, Any]:
    rows: defaultdict[int, list[ApiError]] = defaultdict(list)
    for error in (*errors.table.values(), errors.not_authenticated, errors.too_often, errors.internal, *GATEWAY):
        if error not in rows[error.status]:
            rows[error.status].append(error)
    media: defaultdict[int, dict[str, Any]] = defaultdict(dict)
    words: dict[int, str] = {}
    for status, alike in rows.items():
        if status != HTTPStatus.OK:
            words[status] = "; ".join(f"{error.code} {error.message}" for error in alike)
            media[status]["application/json"] = {"schema": _failure(errors, alike)}
    if one.codes:
        also = [error.code for error in rows.get(HTTPStatus.OK, ())]
        words[HTTPStatus.OK] = "Success" + ("; failures of the request too: see the code" if also else "")
        media[HTTPStatus.OK]["application/json"] = {"schema": _success(errors, one, also)}
    for status, other in one.others.items():
        words[status] = "; ".join(filter(None, (other.words, words.get(status, ""))))
        media[status].update(_other(errors, other))
    if method == "HEAD":
        return {str(status): {"description": words[status]} for status in sorted(words)}
    found = sorted(words)
    return {
        str(status): {"description": words[status]} | ({"content": media[status]} if media[status] else {})
        for status in found
    }


def _other(errors: Errors, other: Other) -> dict[str, Any]:
    if not other.media:
        return {}
    schema = _envelope_of(errors) if other.media == "application/json" else {"type": "string"}
    return {other.media: {"schema": schema}}


def _envelope_of(errors: Errors) -> Schema:
    """The members that tell success from failure, whose names an API chooses."""
    names = list(errors.envelope("", ""))
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": names}


def _success(errors: Errors, one: Described, also: list[str]) -> Schema:
    """``also``: codes of failures that travel with 200; then the members of a success may be missing."""
    code, message = list(errors.envelope("", ""))[:2]
    named = {"properties": {code: {"type": "string", "enum": [*one.codes, *also]}, message: {"type": "string"}}}
    envelope: Schema = {"type": "object", **named, "required": [code, message]}
    success = one.success
    if success is None:
        return envelope
    properties = {**envelope["properties"], **success["properties"]}
    required = envelope["required"] if also else [*envelope["required"], *success.get("required", ())]
    return {"type": "object", "properties": properties, "required": required}


def _failure(errors: Errors, alike: list[ApiError]) -> Schema:
    """In the API's own envelope, or in the gateway's, each with the codes of this status."""
    own, gateway = ([error for error in alike if ("APIGW" in error.code) is of] for of in (False, True))
    forms: list[Schema] = []
    if own:
        codes = list(dict.fromkeys(error.code for error in own))
        envelope = _envelope_of(errors)
        for name in list(errors.envelope("", ""))[::2]:
            envelope["properties"][name] = {"type": "string", "enum": codes}
        if errors.table is BUYER_ERRORS:
            envelope["properties"] |= {row.name: of_field(row) for row in REFUSAL}
        forms.append(envelope)
    if gateway:
        codes = list(dict.fromkeys(error.code for error in gateway))
        forms.append(
            {
                "allOf": [{"$ref": "#/components/schemas/GatewayError"}],
                "properties": {"error_code": {"type": "string", "enum": codes}},
            }
        )
    return forms[0] if len(forms) == 1 else {"anyOf": forms}


def _shared_schemas() -> Mapping[str, Schema]:
    names = ("error_code", "error_msg", "request_id")
    return {
        "GatewayError": {
            "type": "object",
            "properties": {name: {"type": "string"} for name in names},
            "required": list(names),
        }
    }


def _security_schemes() -> Mapping[str, Schema]:
    def header(name: str, words: str) -> Schema:
        return {"type": "apiKey", "in": "header", "name": name, "description": words}

    return {
        "SellerKey": header("Authorization", f"Of a seller. {_HOW_TO_SIGN}"),
        "BuyerKey": header("Authorization", f"Of a buyer. {_HOW_TO_SIGN}"),
        "BaseKey": header(
            "signature",
            'Base64 of HMAC-SHA256 over "ts={ts}&nonce={nonce}&body={body}" with the base interfaces\' key.',
        ),
    }


@lru_cache(maxsize=4)
def _written(base_url: str) -> tuple[bytes, str]:
    """The document as bytes, and its ETag. It depends on the address of the market alone."""
    del base_url
    body = msgspec.json.format(msgspec.json.encode(document()), indent=1)
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


@csrf_exempt
def openapi(request: HttpRequest) -> HttpResponse:
    """Public: nobody is asked who they are."""
    if request.method not in READING:
        return unknown_api(request)
    body, etag = _written(config().base_url)
    answer = HttpResponse(body, content_type="application/json")
    answer["ETag"], answer["Cache-Control"] = etag, "public, max-age=300"
    answer["Access-Control-Allow-Origin"] = "*"
    conditional = get_conditional_response(request, etag=etag, response=answer)
    return conditional if isinstance(conditional, HttpResponse) else answer


openapi.own_transactions = True  # type: ignore[attr-defined]
