"""Start nginx, HAProxy or Caddy on loopback in front of a market, with a configuration that passes on every header.

The configurations are those of the operators' guide, made more permissive: header names with an underscore and the
client's own ``X-Forwarded-For`` reach the market.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.running import WITHIN
from tests.machine import find_proxy
from tradepost.cli.serve import free_port

NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr crit;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  underscores_in_headers on; ignore_invalid_headers off;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://127.0.0.1:{market};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
    }}
  }}
}}
"""
HAPROXY = """
global
  maxconn 500
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend visitors
  bind 127.0.0.1:{port}
  option forwardfor
  http-request set-header X-Forwarded-Proto http
  default_backend market
backend market
  server market 127.0.0.1:{market}
"""
CADDY = """
{{
  admin off
  auto_https off
  storage file_system {folder}
  log {{
    level ERROR
  }}
}}
http://127.0.0.1:{port} {{
  reverse_proxy 127.0.0.1:{market} {{
    trusted_proxies private_ranges
  }}
}}
"""
CONFIGURATIONS = {"nginx": NGINX, "haproxy": HAPROXY, "caddy": CADDY}


def _command(name: str, file: Path) -> list[str]:
    program = find_proxy(name)
    assert program, f"{name} is not installed"
    return {
        "nginx": [program, "-p", str(file.parent), "-e", "stderr", "-c", str(file)],
        "haproxy": [program, "-db", "-q", "-f", str(file)],
        "caddy": [program, "run", "--adapter", "caddyfile", "--config", str(file)],
    }[name]


@contextmanager
def proxy(name: str, folder: Path, *, market: int) -> Iterator[int]:
    """Yield the port of a proxy in front of the market's port ``market``. Its files are in ``folder``."""
    port = free_port()
    file = folder / f"{name}.conf"
    file.write_text(CONFIGURATIONS[name].format(folder=folder, port=port, market=market))
    environment = os.environ | {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    process = subprocess.Popen(_command(name, file), env=environment, stdin=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(WITHIN)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + WITHIN
    while True:
        assert process.poll() is None, "the proxy ended"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, "the proxy does not answer"
            time.sleep(0.02)
        else:
            return
