"""Explain why the proof of a domain was not found: expected and actual content for each method."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.identity.domain_names import file_url, record_name
from tradepost.market.identity.models import Domain


class FailedMethod(Struct, frozen=True):
    """A method that did not prove the domain. ``seen``: content from a foreign server; untrusted."""

    where: str
    text: str
    seen: str = ""


_MESSAGES: Mapping[str, Callable[[], str]] = {
    "address": lambda: _(
        "The name resolves to an address that this store must not call. It calls public addresses and the "
        "networks in TRADEPOST_NETWORKS, which the operator sets."
    ),
    "dns": lambda: _("The name was not found, or its name servers did not respond."),
    "connect": lambda: _("No server is listening at this address, or it refused the connection."),
    "tls": lambda: _("The certificate is not valid for this name, is not trusted, or TLS failed."),
    "timeout": lambda: _("No response in time."),
    "too_large": lambda: _("The response is too large for this file."),
    "redirects": lambda: _("The server redirects. The file must be available at this exact address."),
    "redirected": lambda: _("The server redirects. The file must be available at this exact address."),
    "not_http": lambda: _("The response is not HTTP."),
    "status": lambda: _("The server responded with a status other than 200:"),
    "empty": lambda: _("The file exists but is empty."),
    "other_text": lambda: _("The content does not match:"),
    "no_record": lambda: _("There is no TXT record of this name yet. New records can take up to an hour."),
    "taken": lambda: _("The proof was found, but another seller has already verified this domain."),
}


def failed_methods(domain: Domain) -> list[FailedMethod]:
    """Return the failures of the last check for each method; empty if the proof was found."""
    return [_failed_method(domain, dict(failure)) for failure in domain.seen]


def _failed_method(domain: Domain, failure: Mapping[str, str]) -> FailedMethod:
    way, code = failure.get("way", ""), failure.get("code", "")
    expected_at = record_name(domain.host) + " TXT" if way == "dns" else file_url(domain.host, way or "https")
    words = _MESSAGES.get(code)
    return FailedMethod(expected_at, words() if words else code, failure.get("detail", ""))
