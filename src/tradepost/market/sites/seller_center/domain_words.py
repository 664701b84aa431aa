"""Why the proof of a domain was not found, in words: what was expected of each way, and what was there instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.identity.domain_names import file_url, record_name
from tradepost.market.identity.models import Domain


class Missing(Struct, frozen=True):
    """One way that did not prove the domain. ``seen`` is what a stranger's server said: untrusted text."""

    where: str
    text: str
    seen: str = ""


_WORDS: Mapping[str, Callable[[], str]] = {
    "address": lambda: _(
        "The name leads to an address that this market may not call. It calls public addresses and the networks in "
        "TRADEPOST_NETWORKS, which the operator sets."
    ),
    "dns": lambda: _("The name was not found, or its name servers did not answer."),
    "connect": lambda: _("No server listens there, or it refused the connection."),
    "tls": lambda: _("The certificate is not valid for this name, is not trusted, or TLS failed."),
    "timeout": lambda: _("There was no answer in time."),
    "too_large": lambda: _("The answer is too large for this file."),
    "redirects": lambda: _("The server redirects: the file must be at this very address."),
    "redirected": lambda: _("The server redirects: the file must be at this very address."),
    "not_http": lambda: _("What answered does not speak HTTP."),
    "status": lambda: _("The server answered with another status than 200:"),
    "empty": lambda: _("The file is there, but empty."),
    "other_text": lambda: _("Something else stands there:"),
    "no_record": lambda: _("There is no TXT record of this name yet. New records can take up to an hour."),
    "taken": lambda: _("The proof is there, but another seller has proven this domain and still holds it."),
}


def missing(domain: Domain) -> list[Missing]:
    """What the last look found of each way; nothing when it found the proof."""
    return [_one(domain, dict(seen)) for seen in domain.seen]


def _one(domain: Domain, seen: Mapping[str, str]) -> Missing:
    way, code = seen.get("way", ""), seen.get("code", "")
    where = record_name(domain.host) + " TXT" if way == "dns" else file_url(domain.host, way or "https")
    words = _WORDS.get(code)
    return Missing(where, words() if words else code, seen.get("detail", ""))
