"""Calls that schemathesis generates from the OpenAPI document, sent through the whole market; responses are checked against it."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
import schemathesis
from django.http import HttpResponse
from django.test import Client
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode

from tests.market.open_api.asking import HOST
from tradepost.market.base import clock
from tradepost.market.open_api.document import document
from tradepost.protocols.http import Request
from tradepost.protocols.open_api.signing import sign
from tradepost.protocols.open_api.usage_push import push_signature

CLIENT_ERRORS_WITH_500 = {"MKT.0100", "MKT.9001", "MKT.9002", "MKT.9003", "MKT.9004"}
"""Errors of the caller that openapi-jointkit §C.4 answers with HTTP 500."""
DROPPED_HEADERS = {
    "authorization",
    "x-sdk-date",
    "x-sdk-content-sha256",
    "signature",
    "ts",
    "nonce",
    "content-length",
    "host",
    "cookie",
}
"""Generated headers that are dropped because they belong to the signature or the transport."""


@dataclass(frozen=True, slots=True)
class Keys:
    """``known``: existing values, by the name of the member or parameter that may hold them."""

    seller: tuple[str, str]
    buyer: tuple[str, str]
    base: str
    known: Mapping[str, Sequence[Any]]


@dataclass(slots=True)
class Tally:
    """Number of calls by operation, status and code."""

    calls: Counter[tuple[str, int, str]] = field(default_factory=Counter)

    def statuses(self) -> Counter[int]:
        totals: Counter[int] = Counter()
        for (_operation, status, _code), number in self.calls.items():
            totals[status] += number
        return totals

    def successes(self) -> set[str]:
        return {
            name
            for (name, status, code) in self.calls
            if status < 400 and (not code or code.strip("MKTCB.92") == "0000")
        }


def operations() -> Iterator[tuple[str, Any]]:
    """Yield each operation with its ID."""
    schema = schemathesis.openapi.from_dict(document())
    for result in schema.get_all_operations():
        operation = result.ok()  # type: ignore[union-attr]  # an error has no ok, and ends the test
        yield operation.definition.raw["operationId"], operation


@st.composite
def calls(draw: Callable[..., Any], operation: Any, keys: Keys, modes: Sequence[GenerationMode]) -> Any:
    """Draw a case with existing values in some places, and whether it is signed."""
    case = draw(operation.as_strategy(generation_mode=draw(st.sampled_from(modes))))
    if draw(st.integers(0, 3)) < 3:
        case.body = _with_known(draw, case.body, keys.known)
        for container in (case.query, case.path_parameters):
            if isinstance(container, dict):
                container.update(_with_known(draw, container, keys.known))
    return case, draw(st.integers(0, 9)) < 9


def _with_known(draw: Callable[..., Any], value: Any, known: Mapping[str, Sequence[Any]]) -> Any:
    if isinstance(value, dict):
        return {
            name: draw(st.sampled_from(known[name])) if known.get(name) else _with_known(draw, member, known)
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [_with_known(draw, item, known) for item in value]
    return value


def send(case: Any, keys: Keys, *, signed: bool, tally: Tally) -> None:
    """Send a case and check the response: documented status, media type and schema, and no internal error."""
    prepared = requests.Request(**_request_arguments(case)).prepare()
    answer = _send_request(prepared, case, keys, signed=signed)
    code = _code(answer)
    tally.calls[case.operation.definition.raw["operationId"], answer.status_code, code] += 1
    excluded = [not_a_server_error] if code in CLIENT_ERRORS_WITH_500 else []
    checks = [
        schemathesis.checks.not_a_server_error,
        *(schemathesis.checks.CHECKS.get_one(name) for name in CONFORMANCE_CHECKS),
    ]
    case.validate_response(_as_schemathesis_response(answer, prepared), checks=checks, excluded_checks=excluded)


schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")

CONFORMANCE_CHECKS = ("status_code_conformance", "content_type_conformance", "response_schema_conformance")


def _request_arguments(case: Any) -> dict[str, Any]:
    arguments = case.as_transport_kwargs(base_url=f"http://{HOST}")
    names = ("method", "url", "params", "headers", "json", "data", "files")
    return {name: arguments[name] for name in names if arguments.get(name) is not None}


def _send_request(prepared: requests.PreparedRequest, case: Any, keys: Keys, *, signed: bool) -> HttpResponse:
    body = prepared.body or b""
    content = body.encode() if isinstance(body, str) else bytes(body)  # type: ignore[arg-type]  # never streamed here
    headers_kept = tuple(
        (str(name), str(value)) for name, value in prepared.headers.items() if name.lower() not in DROPPED_HEADERS
    )
    request = Request(str(prepared.method), str(prepared.url), headers_kept, content)
    if signed:
        request = _signed(request, case, keys)
    parts = urlsplit(request.url)
    content_type = request.header("Content-Type") or ""
    headers = {name: value for name, value in request.headers if name.lower() not in {"content-type", "host"}}
    answer: Any = Client(enforce_csrf_checks=True, raise_request_exception=False).generic(
        request.method, parts.path, request.body, content_type=content_type, headers=headers, HTTP_HOST=HOST,
        QUERY_STRING=parts.query, CONTENT_TYPE=content_type,
    )  # fmt: skip
    return answer


def _signed(request: Request, case: Any, keys: Keys) -> Request:
    [security] = case.operation.definition.raw["security"] or [{}]
    if "BaseKey" in security:
        ts, nonce = str(int(clock.wall().timestamp() * 1000)), secrets.token_hex(16)
        signature = push_signature(key=keys.base, ts=ts, nonce=nonce, body=request.body)
        return Request(
            request.method,
            request.url,
            (*request.headers, ("signature", signature), ("ts", ts), ("nonce", nonce)),
            request.body,
        )
    if not security:
        return request
    ak, sk = keys.buyer if "BuyerKey" in security else keys.seller
    return sign(request, ak=ak, sk=sk, now=clock.wall())


def _code(answer: HttpResponse) -> str:
    if answer.get("Content-Type") != "application/json" or not answer.content:
        return ""
    members = json.loads(answer.content)
    return str(members.get("error_code") or members.get("resultCode") or "")


def _as_schemathesis_response(answer: HttpResponse, prepared: requests.PreparedRequest) -> Response:
    headers = {name.lower(): [str(value)] for name, value in answer.headers.items()}
    return Response(
        status_code=answer.status_code, headers=headers, content=answer.content, request=prepared, elapsed=0.0, verify=False
    )  # fmt: skip
