"""``tradepost check``: plays the market against a seller's server and says what is wrong, and why."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from tradepost.cli import terminal

if TYPE_CHECKING:
    from tradepost.check import Report

COULD_NOT_RUN = 2


def check(
    url: str,
    /,
    *,
    key: Annotated[str, Parameter(env_var="TRADEPOST_KEY")] = "",
    protocol: str = "saas_v2",
    only: Annotated[Sequence[str], Parameter(negative="")] = (),
    load: Annotated[bool, Parameter(negative="")] = False,
    replay_after: float = 11,
    restart: str | None = None,
    timeout: float = 20,
    patience: float = 15,
    within: float = 120,
    at_once: int = 24,
    any_certificate: Annotated[bool, Parameter(negative="")] = False,
    leave_out: Annotated[Sequence[str], Parameter(negative="")] = (),
    public_key: Path | None = None,
    fingerprint: str = "",
    market: str = "",
    ak: Annotated[str, Parameter(env_var="TRADEPOST_AK")] = "",
    sk: Annotated[str, Parameter(env_var="TRADEPOST_SK")] = "",
    again: Annotated[Sequence[str], Parameter(negative="")] = (),
    html: Path | None = None,
    junit: Path | None = None,
    json: Path | None = None,
) -> int:
    """Test a seller's production interface as the market would use it.

    Creates instances at the seller and releases them at the end. Ends with code 0 when everything passed, 1 when
    something failed or was not asked although the protocol needs it, 2 when the seller could not be tested.

    Parameters
    ----------
    url
        The production address, for example http://127.0.0.1:9000/produce.
    key
        The signing key that the seller's server holds; better given as TRADEPOST_KEY, which no list of processes shows.
    protocol
        Which version the seller speaks.
    only
        A group to run alone; may be repeated: signature, shape, wire, idempotency, lifecycle, debug, secrets, time, load.
    load
        Also the long load checks.
    replay_after
        Seconds after which a request is sent once more that must be refused then; fewer make a quick run quicker.
    restart
        A command that restarts the seller; a repeat of an earlier order is asked after it.
    timeout
        Seconds after which an answer counts as missing.
    patience
        Seconds within which a creation must end that was answered 000004.
    within
        Seconds for the whole run, 0 for as long as it takes, as under a debugger; what was not asked by then fails it.
    at_once
        The most requests under way at the same time; 1 asks one by one, as for a server under a debugger.
    any_certificate
        Accept a self-signed certificate of an https address.
    leave_out
        An activity that what you sell does not need, for example refreshInstance; may be repeated.
    public_key
        PEM file of the seller's RSA public key: joint operation alone, to encrypt the client secrets that are sent.
    fingerprint
        The device for which licenses are applied for, if you issue them for certain devices only.
    market
        HOST:PORT at which this run plays the market that your program calls: start the seller with it as its market, and licenses
        that it uploads are looked at. Needs --ak and --sk.
    ak
        The access key with which your program signs calls to the market; also TRADEPOST_AK.
    sk
        Its secret; better given as TRADEPOST_SK, which no list of processes shows.
    again
        A check to ask alone, with what it needs before it, and to show with all that was exchanged; may be repeated.
    html
        Write a report to read, in both languages.
    junit
        Write a report for a pipeline.
    json
        Write a report for a program.
    """
    from tradepost.check import CannotRun, Options, run
    from tradepost.check.options import FINGERPRINT
    from tradepost.check.reports.terminal import progress, show

    console = terminal.out()
    try:
        _must_be_writable(html, junit, json)
        secret_key = _read(public_key) if public_key else ""
    except OSError as reason:
        terminal.warn(f"tradepost check: {reason}")
        return COULD_NOT_RUN
    options = Options(
        url=url,
        protocol=protocol,
        key=key,
        only=frozenset(only),
        load=load,
        replay_after=replay_after,
        restart=restart,
        timeout=timeout,
        patience=patience,
        at_once=at_once,
        trust_any_certificate=any_certificate,
        leave_out=frozenset(leave_out),
        public_key=secret_key,
        within=within,
        again=frozenset(again),
        fingerprint=fingerprint or FINGERPRINT,
        market=market,
        ak=ak,
        sk=sk,
    )
    chinese = terminal.is_chinese()
    try:
        # Progress goes to standard error, so that the summary can be piped.
        with progress(terminal.err(), chinese=chinese) as tell:
            report = run(options, tell)
        _write(report, html=html, junit=junit, json=json)
    except (CannotRun, OSError) as reason:
        terminal.warn(f"tradepost check: {reason}")
        return COULD_NOT_RUN
    except KeyboardInterrupt:
        terminal.warn("tradepost check: stopped by hand; what it had created was released")
        return COULD_NOT_RUN
    show(report, console, chinese=chinese, every=frozenset(again))
    return report.exit_code


def _read(public_key: Path) -> str:
    """Raises ``OSError`` for what is no usable key."""
    from tradepost.protocols.client_secret import UnfitKey, load_public_key

    text = public_key.read_text(encoding="utf-8")
    try:
        load_public_key(text)
    except UnfitKey as unfit:
        raise OSError(f"{public_key}: {unfit}") from None
    return text


def _must_be_writable(*paths: Path | None) -> None:
    """Raises ``OSError`` before a run rather than after it. Nothing is made yet: an empty report would be a lie."""
    for path in filter(None, paths):
        if path.is_dir():
            raise OSError(f"the report cannot be written to {path}: it is a folder")
        if not path.parent.is_dir():
            raise OSError(f"the report cannot be written to {path}: there is no folder {path.parent}")
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise OSError(f"the report cannot be written to {path}: permission denied")


def _write(report: Report, *, html: Path | None, junit: Path | None, json: Path | None) -> None:
    from tradepost.check.reports import as_json
    from tradepost.check.reports import html as page
    from tradepost.check.reports import junit as suites

    for path, write in ((html, page.html), (junit, suites.junit), (json, as_json.as_json)):
        if path is not None:
            path.write_text(write(report), encoding="utf-8")
