"""``tradepost check``: tests a seller's server like the market, and explains each mistake."""

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
    """Test a seller's production interface like the market.

    Creates instances at the seller and releases them at the end. Ends with code 0 when everything passed, 1 when
    a check failed or a required one could not run, 2 when the seller could not be tested.

    Parameters
    ----------
    url
        The production address, for example http://127.0.0.1:9000/produce.
    key
        The signing key of the seller's server. Prefer TRADEPOST_KEY, which is not visible in the list of processes.
    protocol
        The protocol version of the seller.
    only
        A group to run; may be repeated: signature, shape, wire, idempotency, lifecycle, debug, secrets, time, load.
    load
        Run the long load checks as well.
    replay_after
        Seconds before a used request is repeated, which must be refused; a lower value shortens the run.
    restart
        A command that restarts the seller; an earlier order is repeated afterwards.
    timeout
        Seconds before an answer is treated as missing.
    patience
        Maximum seconds for a creation that was answered with 000004.
    within
        Seconds for the whole run, 0 for no limit, for example with a debugger; it fails if checks are left.
    at_once
        Maximum concurrent requests; 1 sends them one by one, for example to a server in a debugger.
    any_certificate
        Accept a self-signed certificate of an https address.
    leave_out
        An activity that your products do not need, for example refreshInstance; may be repeated.
    public_key
        PEM file of the seller's RSA public key, to encrypt client secrets; only for joint operation.
    fingerprint
        The device in applications for licenses, if you only issue them for certain devices.
    market
        HOST:PORT at which this run receives your program's calls to the market. Start the seller with this address as its
        market to test the licenses that it uploads. Needs --ak and --sk.
    ak
        The access key of your program's calls to the market; also TRADEPOST_AK.
    sk
        Its secret key. Prefer TRADEPOST_SK, which is not visible in the list of processes.
    again
        A check to run alone, with the checks that it depends on, showing all exchanges; may be repeated.
    html
        Write an HTML report in both languages.
    junit
        Write a JUnit report for a pipeline.
    json
        Write a JSON report for a program.
    """
    from tradepost.check import CannotRun, Options, run
    from tradepost.check.options import FINGERPRINT
    from tradepost.check.reports.terminal import progress, show

    console = terminal.out()
    try:
        _check_writable(html, junit, json)
        secret_key = _read_public_key(public_key) if public_key else ""
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
        with progress(terminal.err(), chinese=chinese) as show_progress:
            report = run(options, show_progress)
        _write(report, html=html, junit=junit, json=json)
    except (CannotRun, OSError) as reason:
        terminal.warn(f"tradepost check: {reason}")
        return COULD_NOT_RUN
    except KeyboardInterrupt:
        terminal.warn("tradepost check: stopped by hand; what it had created was released")
        return COULD_NOT_RUN
    show(report, console, chinese=chinese, every=frozenset(again))
    return report.exit_code


def _read_public_key(public_key: Path) -> str:
    """Return the public key. Raises ``OSError`` for an unusable one."""
    from tradepost.protocols.client_secret import UnfitKey, load_public_key

    text = public_key.read_text(encoding="utf-8")
    try:
        load_public_key(text)
    except UnfitKey as error:
        raise OSError(f"{public_key}: {error}") from None
    return text


def _check_writable(*paths: Path | None) -> None:
    """Raise ``OSError`` before the run rather than after it, without creating empty reports."""
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
