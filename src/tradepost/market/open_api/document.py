"""The OpenAPI document of all open APIs, built from the declarations of their views, and its address."""

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
from django.utils import translation
from django.utils.cache import get_conditional_response
from django.views.decorators.csrf import csrf_exempt

from tradepost import __version__
from tradepost.market.base.config import config
from tradepost.market.branding.face import current
from tradepost.market.web.programs import PREFIXES
from tradepost.market.web.writers import SAFE_METHODS
from tradepost.protocols.open_api.buyer_errors import ERRORS as BUYER_ERRORS
from tradepost.protocols.open_api.buyer_errors import REFUSAL
from tradepost.protocols.open_api.errors import ApiError, gateway_error

from .answers import ApiDeclaration, ApiErrors, unknown_api
from .authentication import by_access_key
from .buyer_authentication import by_buyer_key
from .descriptions import Description, OtherResponse, Parameter, Schema, SeveralMethods, field_schema
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
"""Possible responses of the frame around every API (``answers.py``, ``request_parts.py``)."""

_SIGNING_EXPLANATION = (
    "SDK-HMAC-SHA256 Access={access key}, SignedHeaders={names}, Signature={hex}: the AK/SK signature of Huawei Cloud, with "
    "the header X-Sdk-Date. huaweicloudsdkcore and the market's kit make it."
)


def document(market: str = "Tradepost") -> dict[str, Any]:
    """Return the document with all addresses, in the order of the URL patterns. ``market``: its name."""
    paths: dict[str, dict[str, Any]] = {}
    for path, takes in _apis():
        paths[path] = {
            method.lower(): _operation(path, method, takes, described)
            for method, described in _descriptions_by_method(takes)
        }
    return {
        "openapi": VERSION,
        "info": {
            "title": f"{market} open APIs",
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


def _market() -> str:
    with translation.override("en"):
        return current().name


def _apis() -> Iterator[tuple[str, ApiDeclaration]]:
    for path, view in _views(get_resolver().url_patterns, "/"):
        takes = getattr(view, "takes", None)
        if isinstance(takes, ApiDeclaration):
            yield path, takes


def _views(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[tuple[str, Any]]:
    """Yield the path with its parameters in braces, and the view, of every address under an API prefix."""
    for pattern in patterns:
        path = before + _CONVERTER.sub(r"{\1}", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from _views(pattern.url_patterns, path)
        elif path.lstrip("/").partition("/")[0] in PREFIXES:
            yield path, pattern.callback


def _descriptions_by_method(takes: ApiDeclaration) -> list[tuple[str, Description]]:
    declared = takes.described
    return list(declared.methods.items()) if isinstance(declared, SeveralMethods) else [(takes.methods[0], declared)]


def _operation(path: str, method: str, takes: ApiDeclaration, described: Description) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": described.operation,
        "tags": [described.tag],
        "summary": described.summary,
    }
    words = " ".join(
        filter(None, (described.words, f"Permission of the key: {described.right}." if described.right else ""))
    )
    if words:
        operation["description"] = words
    scheme = _SCHEMES.get(takes.authentication)
    operation["security"] = [{scheme: []}] if scheme else []
    parameters = [_path_parameter(name) for name in re.findall(r"\{(\w+)\}", path)]
    if scheme in {"SellerKey", "BuyerKey"}:
        parameters.append(_parameter(_SDK_DATE))
    parameters += map(_parameter, described.parameters)
    if parameters:
        operation["parameters"] = parameters
    if described.body is not None:
        operation["requestBody"] = {"required": True, "content": {described.media: {"schema": described.body}}}
    return {**operation, "responses": _responses(method, takes.errors, described)}


_SDK_DATE = Parameter(name="X-Sdk-Date", place="header", required=True, words="UTC, yyyyMMdd'T'HHmmss'Z'.")


def _path_parameter(name: str) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    result: dict[str, Any] = {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "schema": parameter.schema,
    }
    return {**result, "description": parameter.words} if parameter.words else result


def _responses(method: str, errors: ApiErrors, described: Description) -> dict[str, Any]:
    rows: defaultdict[int, list[ApiError]] = defaultdict(list)
    for error in (*errors.table.values(), errors.not_authenticated, errors.too_often, errors.internal, *GATEWAY):
        if error not in rows[error.status]:
            rows[error.status].append(error)
    media: defaultdict[int, dict[str, Any]] = defaultdict(dict)
    words: dict[int, str] = {}
    for status, same_status in rows.items():
        if status != HTTPStatus.OK:
            words[status] = "; ".join(f"{error.code} {error.message}" for error in same_status)
            media[status]["application/json"] = {"schema": _failure(errors, same_status)}
    if described.codes:
        failure_codes = [error.code for error in rows.get(HTTPStatus.OK, ())]
        words[HTTPStatus.OK] = "Success" + ("; failures of the request too: see the code" if failure_codes else "")
        media[HTTPStatus.OK]["application/json"] = {"schema": _success(errors, described, failure_codes)}
    for status, other_response in described.others.items():
        words[status] = "; ".join(filter(None, (other_response.words, words.get(status, ""))))
        media[status].update(_other_response(errors, other_response))
    if method == "HEAD":
        return {str(status): {"description": words[status]} for status in sorted(words)}
    statuses = sorted(words)
    return {
        str(status): {"description": words[status]} | ({"content": media[status]} if media[status] else {})
        for status in statuses
    }


def _other_response(errors: ApiErrors, other_response: OtherResponse) -> dict[str, Any]:
    if not other_response.media:
        return {}
    schema = _envelope_of(errors) if other_response.media == "application/json" else {"type": "string"}
    return {other_response.media: {"schema": schema}}


def _envelope_of(errors: ApiErrors) -> Schema:
    """Return the envelope's members, whose names depend on the API."""
    names = list(errors.envelope("", ""))
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": names}


def _success(errors: ApiErrors, described: Description, failure_codes: list[str]) -> Schema:
    """Return the schema of a success. ``failure_codes``: codes of failures with status 200; members are then optional."""
    code, message = list(errors.envelope("", ""))[:2]
    properties_of_envelope = {
        "properties": {
            code: {"type": "string", "enum": [*described.codes, *failure_codes]},
            message: {"type": "string"},
        }
    }
    envelope: Schema = {"type": "object", **properties_of_envelope, "required": [code, message]}
    success = described.success
    if success is None:
        return envelope
    properties = {**envelope["properties"], **success["properties"]}
    required_names = envelope["required"] if failure_codes else [*envelope["required"], *success.get("required", ())]
    return {"type": "object", "properties": properties, "required": required_names}


def _failure(errors: ApiErrors, same_status: list[ApiError]) -> Schema:
    """Return the schema of failures with this status, in the envelope of the API or of the gateway."""
    own_errors, gateway = (
        [error for error in same_status if ("APIGW" in error.code) is is_gateway] for is_gateway in (False, True)
    )
    forms: list[Schema] = []
    if own_errors:
        codes = list(dict.fromkeys(error.code for error in own_errors))
        envelope = _envelope_of(errors)
        for name in list(errors.envelope("", ""))[::2]:
            envelope["properties"][name] = {"type": "string", "enum": codes}
        if errors.table is BUYER_ERRORS:
            envelope["properties"] |= {row.name: field_schema(row) for row in REFUSAL}
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
        "SellerKey": header("Authorization", f"Of a seller. {_SIGNING_EXPLANATION}"),
        "BuyerKey": header("Authorization", f"Of a buyer. {_SIGNING_EXPLANATION}"),
        "BaseKey": header(
            "signature",
            'Base64 of HMAC-SHA256 over "ts={ts}&nonce={nonce}&body={body}" with the base interfaces\' key.',
        ),
    }


@lru_cache(maxsize=4)
def _encoded(base_url: str, market: str) -> tuple[bytes, str]:
    """Return the document as bytes and its ETag. It depends only on the market's address and name."""
    del base_url
    body = msgspec.json.format(msgspec.json.encode(document(market)), indent=1)
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


@csrf_exempt
def openapi(request: HttpRequest) -> HttpResponse:
    """Serve the document without authentication."""
    if request.method not in SAFE_METHODS:
        return unknown_api(request)
    body, etag = _encoded(config().base_url, _market())
    response = HttpResponse(body, content_type="application/json")
    response["ETag"], response["Cache-Control"] = etag, "public, max-age=300"
    response["Access-Control-Allow-Origin"] = "*"
    conditional = get_conditional_response(request, etag=etag, response=response)
    return conditional if isinstance(conditional, HttpResponse) else response


openapi.own_transactions = True  # type: ignore[attr-defined]
