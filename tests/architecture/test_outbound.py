"""Every module of the market that can open a connection is listed: through the guard, or to a service that the operator
chose.

A new one would bypass TRADEPOST_NETWORKS (opening §1).
"""

from __future__ import annotations

import ast
from pathlib import PurePath

from tests.architecture import source

MARKET = PurePath("src/tradepost/market")
CLIENTS = frozenset({
    "aiohttp", "socket", "http", "urllib3", "requests", "httpx", "smtplib", "ftplib", "telnetlib", "imaplib", "websockets", "dns",
    "apprise", "boto3", "botocore", "openstack", "keystoneauth1", "huaweicloudsdkecs", "huaweicloudsdkcore", "huaweicloudsdksmsapi", "alibabacloud_dysmsapi20170525", "alibabacloud_tea_openapi", "subprocess",
})  # fmt: skip
KNOWN = {
    "base/guard.py": "the guard itself",
    "base/outbound.py": "through the guard: proofs of domains, websites, web checks, webhooks",
    "base/outbound_policy.py": "resolves the name of the database host",
    "base/literal.py": "reads spellings of addresses; opens nothing",
    "production/gateway.py": "through the guard: calls to sellers",
    "base/aiohttp_internals/one_answer.py": "how the gateway's connections read",
    "web_scan/site.py": "through the guard: raw connections of web checks",
    "web_scan/sslyze.py": "a program that is given the address that the guard let through",
    "identity/domain_proof.py": "TXT records, from the machine's own name servers",
    "web/connections.py": "counts the connections that come in; opens none",
    "assets/scanners/clamd/connection.py": "the operator's virus scanner",
    "notifications/deliver.py": "names of errors of the operator's mail server",
    "notifications/chat.py": "the fixed public hosts of chat services",
    "service_desk/mailbox.py": "the mailbox of demand mails, through the guard",
    "web/provider_adapter.py": "allauth's requests to providers, through guarded_pools",
    "base/urllib3_internals.py": "connections that guarded_pools opens",
    "base/requests_internals.py": "sets the body of an answer; opens nothing",
    "base/aiohttp_internals/send_once.py": "sets an option of a session; opens nothing",
    "base/aiohttp_internals/unreachable.py": "makes an error; opens nothing",
    "service_desk/imaplib_internals.py": "the IMAP client that mailbox.py opens",
    "base/guarded_pools.py": "through the guard's policy: connections of cloud SDKs",
    "compute/adapters/ec2/api.py": "the operator's cloud, through guarded_pools",
    "compute/adapters/openstack/__init__.py": "names an error of the SDK",
    "compute/adapters/huaweicloud/__init__.py": "makes the SDK's requests, which api.py sends",
    "compute/adapters/openstack/api.py": "the operator's cloud, through guarded_pools",
    "compute/adapters/huaweicloud/api.py": "the operator's cloud, through guarded_pools",
    "notifications/sms/huaweicloud/__init__.py": "the operator's SMS provider",
    "notifications/sms/aliyun/__init__.py": "the operator's SMS provider",
}


def _imports(text: str) -> set[str]:
    """Return the first names of imports: ``http`` only for its client and server, ``urllib`` only for its requests."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        if any(name.startswith("urllib.request") for name in names):
            found.add("urllib.request")
        found |= {
            first for name in names
            if (first := name.partition(".")[0]) != "http" or name.startswith(("http.client", "http.server"))
        }  # fmt: skip
    return found


def test_each_module_that_opens_connections_uses_the_guard_or_an_operator_s_service() -> None:
    clients = CLIENTS | {"urllib.request"}
    found = {
        str(path.relative_to(MARKET))
        for path in source.python_files("src")
        if path.is_relative_to(MARKET) and _imports((source.ROOT / path).read_text(encoding="utf-8")) & clients
    }
    assert found == set(KNOWN), "open connections with base.outbound or base.guard"
