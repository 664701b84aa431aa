"""Options of a run, and the reasons why it may be impossible."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

from tradepost.protocols import registry

from .http_client import Dial, dial_anywhere

GROUPS = ("signature", "shape", "wire", "idempotency", "lifecycle", "debug", "secrets", "time", "load")
"""In the order of a run: later checks depend on earlier groups."""


FINGERPRINT = "00:16:3E:5E:6C:00|S3Z8NB0K123456|PF1ABCDE|BFEBFBFF000906EA"
"""MAC, disk, board and processor, in the format of the client's kit (saas-v1-license §B3)."""


class CannotRun(Exception):
    """The run could not start: no server, no key, or an unknown protocol or group. The message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """``only``: names of groups, empty for all. ``load``: also run the long load checks. ``restart``: a command that
    restarts the seller, after which repeats are checked again. ``timeout``: seconds, the market's own limit (saas-v2
    §3.0). ``patience``: maximum seconds for a creation after 000004. ``within``: seconds for the whole run, 0 for no
    limit; it fails if checks are left. ``trust_any_certificate``: for a local https server. ``at_once``: maximum
    concurrent requests, except in checks about concurrency."""

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
    """Activities that the product does not need, such as renewals (saas-v2 §1.4)."""
    public_key: str = ""
    """PEM of the seller's key for client secrets, for joint operation only (openapi-jointkit §A.6)."""
    answer_within: float | None = None
    """Maximum seconds for an answer; None for the version's limit (saas-v2 §3.0)."""
    replay_after: float = 11
    """Seconds until a nonce is repeated; a seller must remember it longer (saas-v2 §2.4). Other checks run in the
    meantime, and the run only waits for the remainder."""
    fingerprint: str = FINGERPRINT
    """Device in applications for licenses, if the version has them (saas-v1-license §B3)."""
    market: str = ""
    """HOST:PORT of the market's endpoints for uploads of the seller's program; empty for none. ``ak`` and ``sk``: the
    program's key."""
    ak: str = ""
    sk: str = field(default="", repr=False)
    dial: Dial = field(default=dial_anywhere, repr=False)
    """Opens the connections of the run."""
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    """Trusted certificates; None for the authorities of this machine."""
    again: frozenset[str] = frozenset()
    """IDs of the only checks to run, with those that they depend on; empty for all."""
