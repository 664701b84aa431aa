"""*Generate request*: what a call would be, signed, and nothing sent (saas-v2 §5.1, 5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from tradepost.market.base import ids
from tradepost.market.base.secrets import unseal
from tradepost.market.base.values import replace
from tradepost.market.production.curl import curl_line, sign_command, signed_afresh
from tradepost.protocols.commands import Create
from tradepost.protocols.http import Request
from tradepost.protocols.registry import protocol

from .asked import Form, asked, need_key


class Generated(Struct, frozen=True):
    """A request that can be sent for a minute, and lines that send it, now or signed anew."""

    request: Request
    curl: str
    signed_afresh: str
    """Empty where the request is not signed in its URL."""
    sign_command: str

    @property
    def head(self) -> str:
        """Method and headers, as they go out."""
        return "\n".join([self.request.method, *(f"{name}: {value}" for name, value in self.request.headers)])

    @property
    def body(self) -> str:
        return self.request.body.decode("utf-8", "replace")


def generate(form: Form, values: Mapping[str, str], *, wall: datetime) -> Generated:
    """The signed test call of these values. Raises ``Refused``."""
    command = asked(form, values)
    if isinstance(command, Create):
        command = replace(command, business_id=ids.business_id())
    address, key = form.address, unseal(need_key(form.address).sealed)
    request = protocol(address.protocol).encode(
        command, address=address.url, key=key, now=wall, nonce=ids.nonce()
    )  # fmt: skip
    body = request.body.decode("utf-8", "replace")
    return Generated(
        request,
        curl=curl_line(method=request.method, url=request.url, headers=request.headers, body=request.body),
        signed_afresh=signed_afresh(method=request.method, url=request.url, headers=request.headers, body=body),
        sign_command=sign_command(protocol=address.protocol, url=address.url, body=body),
    )
