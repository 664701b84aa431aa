"""Remedies if only a single call is known, on a debugging page or in a probe. A whole run has more precise diagnoses
with other names."""

from __future__ import annotations

from collections.abc import Mapping

from tradepost.protocols.text import Text

DIAGNOSES: Mapping[str, Text] = {
    # --- no answer ---
    "address_blocked": Text(
        en="The host name leads to a private, local or reserved address, which a market calls only if its operator allows that network: point its DNS record to a public one.",
        zh="域名指向内网、本地或保留地址，云商店仅在运营人员允许该网段时调用：请将DNS记录指向公网地址。",
    ),
    "name_not_found": Text(
        en="The host name was not found: check its spelling and its A or AAAA record.",
        zh="域名无法解析：请检查拼写以及A或AAAA记录。",
    ),
    "no_connection": Text(
        en="No connection: check that the server runs and listens on this port, and that no firewall stops the market.",
        zh="无法建立连接：请确认服务已启动并监听该端口，且防火墙没有拦截云商店。",
    ),
    "no_tls": Text(
        en=(
            "No encrypted connection: install a certificate of a public authority that fits the domain, with its intermediate "
            "certificates; allow TLS 1.2 or later."
        ),
        zh="无法建立加密连接：请安装由公共机构签发、与域名一致且含中间证书的证书，并支持TLS 1.2及以上版本。",
    ),
    "nothing_sent": Text(
        en="Nothing was sent: the market could not make this request. Look at the key and the address, then try again.",
        zh="请求没有发出：云商店未能生成请求。请检查密钥与地址后重试。",
    ),
    "answer_too_large": Text(
        en="The answer is larger than a market reads: answer only the documented fields.",
        zh="响应超过云商店读取的大小上限：请只返回文档规定的字段。",
    ),
    # --- a refusal ---
    "signature_refused": Text(
        en=(
            "The server calls a correctly signed request not authentic, though its own answer is signed with the right key: it computes the "
            "request's signature otherwise. Let the tester find out how."
        ),
        zh="服务器把签名正确的请求判为鉴权失败，而其响应使用了正确的密钥签名：说明请求签名的计算方式有误，请用“找出原因”定位。",
    ),
    "parameter_refused": Text(
        en=(
            "The server calls a correct request wrong: see which field resultMsg names. Unknown fields must be tolerated, optional ones may "
            "be missing."
        ),
        zh="服务器认为正确的请求参数有误：请查看resultMsg指出的字段。未知字段应容忍，可选字段可以缺省。",
    ),
    "instance_not_preset": Text(
        en=(
            "The server does not know this instanceId. With testFlag 1 it must answer success whatever the id is, or know the one that is "
            "typed here."
        ),
        zh="服务器不认识该instanceId。testFlag为1时，应无论ID为何都返回成功，或预置此处填写的实例。",
    ),
    "test_call_unfinished": Text(
        en="000004 came: a test call is answered 000000, since nothing is to be made.",
        zh="返回了000004：测试调用不需要真正创建，应直接返回000000。",
    ),
    "server_failed": Text(
        en="The server answered with an internal error: its log of this moment says why.",
        zh="服务器返回内部错误：请查看该时刻的服务器日志。",
    ),
    "refused_with_code": Text(
        en="The server refuses the test call with this code: whatever the ids are, testFlag 1 is answered 000000.",
        zh="服务器以该结果码拒绝了测试调用：testFlag为1时，无论ID为何都应返回000000。",
    ),
}
