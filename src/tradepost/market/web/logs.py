"""One structured log stream for web and worker, with context and without secrets."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
import uuid
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import AbstractContextManager
from typing import Any, Literal

import structlog
from django.http import HttpRequest, HttpResponseBase
from structlog.typing import Processor

from tradepost.market.base.secrets import mask

log = structlog.get_logger("tradepost.access")

type Form = Literal["json", "console"]

_SECRET_NAME = re.compile(
    r"password|passwd|secret|token|authori[sz]ation|signature|sign$|cookie|credential|sealed|csrf|(?:^|[_-])key$|apikey$",
    re.IGNORECASE,
)
# name=value in a URL or form, name: value in a header, "name": "value" in JSON
_SECRET_IN_TEXT = re.compile(
    r"""(?P<name>["']?[\w-]*(?:password|passwd|secret|token|authorization|signature|cookie|api_?key)["']?)"""
    r"""(?P<between>\s*[=:]\s*)(?P<value>"[^"]*"|'[^']*'|(?:Bearer |Basic )?[^\s&"',;}]+)""",
    re.IGNORECASE,
)
_URL_PASSWORD = re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]+@")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
MAX_DEPTH = 6


def configure(*, form: Form, level: str) -> None:
    """Send the logs of structlog and the standard library to standard error, as JSON lines or formatted for people."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Processor = structlog.processors.JSONRenderer(_as_json)
    if form == "console":
        # The pretty formatter shows local variables, and with them secrets.
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                mask_secrets,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    for earlier in [h for h in root.handlers if isinstance(h.formatter, structlog.stdlib.ProcessorFormatter)]:
        root.removeHandler(earlier)
    root.addHandler(handler)
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    root.setLevel(number)
    # oauthlib logs codes and tokens at level DEBUG.
    for chatty in ("asyncio", "aiohttp", "urllib3", "oauthlib"):
        logging.getLogger(chatty).setLevel(max(number, logging.WARNING))
    # The access log already reports 4xx responses. Django's errors carry the traceback and stay.
    for logger in ("django.request", "django.server"):
        logging.getLogger(logger).setLevel(max(number, logging.ERROR))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # a command configures logging for itself first, and later in its child's form
    )


def bind(**names: object) -> AbstractContextManager[None]:
    """Add context to log lines, such as order, call or seller, for a ``with`` statement. None is left out."""
    return structlog.contextvars.bound_contextvars(
        **{name: value for name, value in names.items() if value is not None}
    )


def mask_secrets(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask secrets: fields with a secret name at any depth, and name-value pairs inside texts."""
    return {name: _value(name, value, MAX_DEPTH) for name, value in entry.items()}


def _value(name: str, value: Any, deeper: int) -> Any:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if _SECRET_NAME.search(name):
        return mask(value) if isinstance(value, str) else "••••"
    if isinstance(value, str):
        return _text(value)
    if deeper == 0:
        return "…"
    if isinstance(value, Mapping):
        return {key: _value(str(key), inner, deeper - 1) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        if len(value) == 2 and isinstance(value[0], str):  # a header: its name decides whether to mask the value
            return [value[0], _value(value[0], value[1], deeper - 1)]
        return [_value("", inner, deeper - 1) for inner in value]
    return _text(str(value))


def _text(text: str) -> str:
    if "://" in text:
        text = _URL_PASSWORD.sub(r"\1:••••@", text)
    return (
        _SECRET_IN_TEXT.sub(lambda match: f"{match['name']}{match['between']}••••", text)
        if "=" in text or ":" in text
        else text
    )


def _as_json(entry: Any, **_options: Any) -> str:
    return json.dumps(entry, ensure_ascii=False, default=str)


class AccessLog:
    """Middleware that gives every request an id and logs its end. A valid ``X-Request-Id`` of a proxy is used."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        proxy_id = request.headers.get("X-Request-Id", "")
        request_id = proxy_id if _REQUEST_ID.fullmatch(proxy_id) else uuid.uuid4().hex
        started = time.perf_counter()
        with bind(request=request_id):
            response = self.get_response(request)
            write = log.debug if request.path in UNLOGGED_PATHS or request.path.startswith("/static/") else log.info
            write(
                "request",
                method=request.method,
                path=_path(request),
                status=response.status_code,
                ms=round((time.perf_counter() - started) * 1000, 1),
                user=_user_id(request),
            )
        response["X-Request-Id"] = request_id
        return response


UNLOGGED_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})


def _path(request: HttpRequest) -> str:
    """Return the path without its query. Keys in the path (password reset, address confirmation) are masked."""
    path = request.path
    for name, value in (request.resolver_match.kwargs if request.resolver_match else {}).items():
        if _SECRET_NAME.search(name) and isinstance(value, str) and value:
            path = path.replace(value, "••••")
    return path


def _user_id(request: HttpRequest) -> int | None:
    # Only a user that the view loaded: the log must not cost a query.
    user = getattr(request, "_cached_user", None)
    return user.pk if user is not None else None
