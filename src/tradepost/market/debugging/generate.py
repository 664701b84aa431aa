"""*Generate request*: build and sign a call without sending it (saas-v2 §5.1, 5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from tradepost.market.base import ids
from tradepost.market.base.secrets import unseal
from tradepost.market.base.values import replace
from tradepost.market.production.curl import curl_line, resigning_lines, sign_command
from tradepost.protocols.commands import Create
from tradepost.protocols.http import Request
from tradepost.protocols.registry import protocol

from .asked import Form, build_command, require_key


class GeneratedRequest(Struct, frozen=True):
    """A signed request, valid for a minute, with command lines that send it or sign it again."""

    request: Request
    curl: str
    signed_afresh: str
    """Empty if the signature is not in the URL."""
    sign_command: str

    @property
    def head(self) -> str:
        """The method and the headers as sent."""
        return "\n".join([self.request.method, *(f"{name}: {value}" for name, value in self.request.headers)])

    @property
    def body(self) -> str:
        return self.request.body.decode("utf-8", "replace")


def generate(form: Form, values: Mapping[str, str], *, wall: datetime) -> GeneratedRequest:
    """Return the signed test call with these values. Raises ``Refused``."""
    command = build_command(form, values)
    if isinstance(command, Create):
        command = replace(command, business_id=ids.business_id())
    address, key = form.address, unseal(require_key(form.address).sealed)
    request = protocol(address.protocol).encode(
        command, address=address.url, key=key, now=wall, nonce=ids.nonce()
    )  # fmt: skip
    body = request.body.decode("utf-8", "replace")
    return GeneratedRequest(
        request,
        curl=curl_line(method=request.method, url=request.url, headers=request.headers, body=request.body),
        signed_afresh=resigning_lines(method=request.method, url=request.url, headers=request.headers, body=body),
        sign_command=sign_command(protocol=address.protocol, url=address.url, body=body),
    )
