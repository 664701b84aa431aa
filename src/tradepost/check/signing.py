"""Newly signed requests of any version, from a sample or from an earlier request with an expired signature."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from tradepost.protocols.commands import Command
from tradepost.protocols.http import Request

from .dialects import QueryDialect, SigningInputs, UrlDialect
from .options import FINGERPRINT, CannotRun
from .samples import Samples
from .target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """``clock``: returns the time; ``chance``: at least 32 fresh alphanumerics."""

    target: Target
    key: str
    clock: Callable[[], datetime]
    chance: Callable[[], str]

    @property
    def _inputs(self) -> SigningInputs:
        return SigningInputs(key=self.key, now=self.clock(), nonce=self.chance())

    def sample(self, url: str, activity: str, *, test: bool, changes: Mapping[str, str]) -> Request:
        """Return a correct request of the activity, with its members replaced or added by ``changes``.

        Raises ``CannotRun`` for an unknown activity.
        """
        command = self._command(activity, changes.get("instanceId", ""), test=test)
        request = self._encoded(url, command)
        members = {**self.target.dialect.members(request), **changes}
        return self.target.dialect.signed(request, members, self._inputs)

    def again(self, url: str, body: bytes) -> Request:
        """Return the same request with a new signature, time and nonce; ``url`` may contain the old ones.

        Raises ``CannotRun`` for a request that this version cannot have sent.
        """
        dialect = self.target.dialect
        if body and not dialect.json_body:
            raise CannotRun(f"{self.target.protocol.title.en} sends everything in the URL and has no body")
        if dialect.json_body and not body:
            raise CannotRun("the body is missing: give it with --data, or name an activity")
        headers = self._encoded(url.partition("?")[0], self._command("", "", test=True)).headers
        request = Request("POST" if dialect.json_body else "GET", url, headers, body)
        if isinstance(dialect, UrlDialect):
            # The body is signed byte for byte, whatever it contains.
            return dialect.signed_bytes(request, body, self._inputs)
        try:
            members = dialect.members(request)
        except ValueError:
            members = None
        if not isinstance(members, dict):
            raise CannotRun("the body is no JSON object, and this version signs its members")
        return dialect.signed(request, members, self._inputs)

    def _command(self, activity: str, instance_id: str, *, test: bool) -> Command:
        """Return a sample command, of the first activity by default."""
        activities = self.target.protocol.activities
        samples = Samples(self.clock, self.chance, fingerprint=FINGERPRINT)
        for kind, name in activities.items():
            if activity in {"", name}:
                command = samples.of(kind, instance_id or samples.unknown_id(), test=test)
                if command is not None:
                    return command
        raise CannotRun(f"no activity {activity}; there are: {', '.join(activities.values())}")

    def _encoded(self, url: str, command: Command) -> Request:
        inputs = self._inputs
        return self.target.protocol.encode(command, address=url, key=inputs.key, now=inputs.now, nonce=inputs.nonce)


def carries_request(target: Target, url: str, body: bytes) -> bool:
    """Return whether URL and body are already a request rather than a seller's address."""
    if isinstance(target.dialect, QueryDialect):
        return "activity" in Request("GET", url).query
    return bool(body)
