"""What a person asks of a run, and why it may be impossible."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

from tradepost.protocols import registry

from .http_client import Dial, dial_anywhere

GROUPS = ("signature", "shape", "wire", "idempotency", "lifecycle", "debug", "secrets", "time", "load")
"""In the order of a run: what later checks stand on comes first."""


FINGERPRINT = "00:16:3E:5E:6C:00|S3Z8NB0K123456|PF1ABCDE|BFEBFBFF000906EA"
"""MAC, disk, board and processor, as the client's kit writes them (saas-v1-license §B3)."""


class CannotRun(Exception):
    """The run could not start: nobody answers, no key, an unknown protocol or group. Says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """``only``: names of groups, empty for all. ``load``: also the long load checks. ``restart``: a command that restarts
    the seller, after which repeats are asked again. ``timeout``: seconds, the market's own limit (saas-v2 §3.0).
    ``patience``: seconds within which a creation must end that was answered 000004. ``within``: seconds for the whole run,
    0 for as long as it takes; what was not asked by then fails it. ``trust_any_certificate``: for a local https server.
    ``at_once``: the most requests under way at the same time, crowds that a check is about excepted.
    """

    url: str
    protocol: str = registry.DEFAULT
    key: str = field(repr=False)
    only: frozenset[str] = frozenset()
    load: bool = False
    restart: str | None = None
    timeout: float = 20
    patience: float = 15
    within: float = 120
    at_once: int = 24
    trust_any_certificate: bool = False
    leave_out: frozenset[str] = frozenset()
    """Activities that what is sold does not need, for example those of renewals (saas-v2 §1.4)."""
    public_key: str = ""
    """PEM of the seller's key for client secrets, joint operation only (openapi-jointkit §A.6)."""
    answer_within: float | None = None
    """Seconds that an answer may take; None for what the version says (saas-v2 §3.0)."""
    replay_after: float = 11
    """Seconds after which a nonce is used once more; a seller's memory must reach further (saas-v2 §2.4). The run goes on
    meanwhile; only what is left of them at its end is waited for."""
    fingerprint: str = FINGERPRINT
    """Of the device for which licenses are applied for, where a version applies (saas-v1-license §B3)."""
    market: str = ""
    """HOST:PORT at which the run plays the market that the seller's program calls, for what it uploads there; empty: it does
    not. ``ak`` and ``sk``: what the program signs with."""
    ak: str = ""
    sk: str = field(default="", repr=False)
    dial: Dial = field(default=dial_anywhere, repr=False)
    """Opens the connections of the run."""
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    """Whose certificates are trusted; None for the authorities of this machine."""
    again: frozenset[str] = frozenset()
    """Ids of checks that are asked alone, with what they need before them; empty for all."""
