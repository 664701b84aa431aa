"""A company's servers in a network namespace: HTTPS with a private authority at an address in 10.0.0.0/8."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests import waiting
from tests.architecture.source import ROOT
from tests.factories.tls_sites import authority

NETWORK = "10.213.77.0/24"
MARKET_SIDE, COMPANY_SIDE = "10.213.77.1", "10.213.77.2"
SELLER_HOST, PROVIDER_HOST = "erp.corp.internal", "sso.corp.internal"
MARKET_HOST = "market.corp.internal"
INSIDE_HOST = "inside.corp.internal"
"""Resolves to the market's machine."""
TIMEOUT = 60.0


def missing_for_network(*more: str) -> str:
    """Return what this machine lacks to create the network, or an empty text. ``more``: further programs that are
    needed."""
    if missing := [name for name in ("ip", "nginx", "unshare", *more) if shutil.which(name) is None]:
        return f"not installed: {', '.join(missing)}"
    name = f"tp-try-{os.getpid()}"
    made = subprocess.run(
        ["ip", "netns", "add", name], capture_output=True, text=True, check=False, timeout=waiting.PROGRAM_TIMEOUT
    )
    if made.returncode:
        return f"network namespaces cannot be made here: {made.stderr.strip()}"
    subprocess.run(["ip", "netns", "delete", name], check=False, timeout=waiting.PROGRAM_TIMEOUT)
    mounts = subprocess.run(
        ["unshare", "--mount", "true"], capture_output=True, text=True, check=False, timeout=waiting.PROGRAM_TIMEOUT
    )
    return f"mount namespaces cannot be made here: {mounts.stderr.strip()}" if mounts.returncode else ""


@dataclass(frozen=True, slots=True)
class SellerServer:
    """``folder``: the files that it serves, such as the proof of its domain. ``log``: the log of its HTTPS server."""

    folder: Path
    log: Path

    def prove(self, line: str) -> None:
        file = self.folder / ".well-known" / "tradepost-domain.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{line}\n")

    @property
    def asked(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@contextmanager
def seller_server(folder: Path, inside: Sequence[str], *, key: str) -> Iterator[SellerServer]:
    """Run nginx with TLS in front of the sample seller, both in the namespace. ``inside`` is the command that runs a
    program in it."""
    site = folder / "site"
    site.mkdir(parents=True)
    (site / "index.html").write_text("<!doctype html><title>青榭</title><h1>Qingxie Software</h1>")
    server = SellerServer(site, folder / "asked.log")
    seller = subprocess.Popen(
        [*inside, sys.executable, str(ROOT / "examples/sample_seller/seller.py"), "--port", "9000", "--data", str(folder),
         "--public-url", f"https://{SELLER_HOST}"],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "SELLER_KEY": key}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        with nginx(folder, _site_of(server, authority().issue(SELLER_HOST)), inside=inside):
            yield server
    finally:
        end(seller)


@contextmanager
def company_network() -> Iterator[list[str]]:
    """Create a namespace with one address, connected to this machine by a veth pair. Yield the command that runs a
    program in it."""
    name, ours, theirs = f"tp-seller-{os.getpid()}", f"tpm{os.getpid()}", f"tps{os.getpid()}"
    inside = ["ip", "netns", "exec", name]
    subprocess.run(["ip", "netns", "add", name], check=True, timeout=waiting.PROGRAM_TIMEOUT)
    try:
        for command in (
            f"ip link add {ours} type veth peer name {theirs}",
            f"ip link set {theirs} netns {name}",
            f"ip addr add {MARKET_SIDE}/24 dev {ours}",
            f"ip link set {ours} up",
            f"ip -n {name} addr add {COMPANY_SIDE}/24 dev {theirs}",
            f"ip -n {name} link set {theirs} up",
            f"ip -n {name} link set lo up",
        ):
            subprocess.run(command.split(), check=True, timeout=waiting.PROGRAM_TIMEOUT)
        yield inside
    finally:
        subprocess.run(
            ["ip", "link", "delete", ours], check=False, capture_output=True, timeout=waiting.PROGRAM_TIMEOUT
        )
        subprocess.run(["ip", "netns", "delete", name], check=False, timeout=waiting.PROGRAM_TIMEOUT)


def _site_of(server: SellerServer, certificate: Path) -> str:
    safe = (
        "add_header Content-Security-Policy \"default-src 'self'; frame-ancestors 'none'\" always; "
        'add_header Strict-Transport-Security "max-age=31536000" always; add_header X-Content-Type-Options nosniff always;'
    )
    return f"""
        log_format asked '$request_method $uri $status';
        server {{
            listen {COMPANY_SIDE}:443 ssl;
            server_name {SELLER_HOST};
            ssl_certificate {certificate}; ssl_certificate_key {certificate};
            access_log {server.log} asked;
            {safe}
            root {server.folder};
            location = /hook {{ return 200; }}
            location /produce {{ proxy_pass http://127.0.0.1:9000; proxy_set_header Host $host; }}
        }}
    """


def market_front(port: int, market: int) -> str:
    """Run the operator's proxy as the guide describes it."""
    certificate = authority().issue(MARKET_HOST)
    return f"""
        access_log off;
        limit_conn_zone $binary_remote_addr zone=visitors:1m;
        upstream market {{ server 127.0.0.1:{market}; keepalive 32; keepalive_timeout 5s; }}
        server {{
            listen 127.0.0.1:{port} ssl;
            server_name {MARKET_HOST};
            ssl_certificate {certificate}; ssl_certificate_key {certificate};
            client_max_body_size 20m;
            limit_conn visitors 100;
            location = /metrics {{ return 404; }}
            location / {{
                proxy_pass http://market;
                proxy_http_version 1.1;
                proxy_set_header Connection "";
                proxy_set_header Host $http_host;
                proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                proxy_set_header X-Forwarded-Proto $scheme;
            }}
        }}
    """


@contextmanager
def nginx(folder: Path, servers: str, *, inside: Sequence[str] = ()) -> Iterator[None]:
    """Run a proxy with these servers in the foreground until the end of the block."""
    where = folder / "nginx"
    where.mkdir()
    written = where / "nginx.conf"
    paths = "".join(
        f"{kind}_temp_path {where / kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    written.write_text(
        textwrap.dedent(f"""
        daemon off; user root; pid {where / "pid"}; error_log {where / "error.log"}; worker_processes 1;
        events {{ worker_connections 256; }}
        http {{ types {{ text/html html; text/plain txt; }} {paths} {servers} }}
        """)
    )
    process = subprocess.Popen([*inside, "nginx", "-e", str(where / "error.log"), "-c", str(written)])
    try:
        wait(lambda: (where / "pid").exists() or process.poll() is not None, "nginx starts")
        assert process.poll() is None, (where / "error.log").read_text()
        yield
    finally:
        end(process)


def with_own_hosts_file(folder: Path, command: list[str]) -> list[str]:
    """Return the command with its own hosts file, in which the company's names resolve into the namespace."""
    hosts = folder / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {MARKET_HOST} {INSIDE_HOST}\n{COMPANY_SIDE} {SELLER_HOST} {PROVIDER_HOST}\n")
    return ["unshare", "--mount", "sh", "-c", f'mount --bind "{hosts}" /etc/hosts && exec "$@"', "sh", *command]


def wait[T](look: Callable[[], T], what: str, within: float = TIMEOUT) -> T:
    """Return what ``look`` returns as soon as it is true."""
    deadline = time.monotonic() + within
    while True:
        if found := look():
            return found
        assert time.monotonic() < deadline, f"not within {within:g} s: {what}"
        time.sleep(0.2)


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(20)
        return
    process.kill()
    process.wait(waiting.TIMEOUT)
