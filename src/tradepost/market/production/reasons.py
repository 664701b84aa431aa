"""Explanations of failed exchanges for sellers and operators, with advice for the seller."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.protocols.commands import Create, Fault, NotifyOrder, Query
from tradepost.protocols.contract import ResultCode
from tradepost.protocols.registry import protocols


class Reason(Struct, frozen=True):
    """An explanation: a short ``title``, what happened, and what to do; only ``what_to_do`` addresses the seller.

    ``seen``: text from the wire, untrusted.
    """

    title: str
    what_happened: str
    what_to_do: str
    seen: str = ""


def explain(verdict: str, detail: str = "", *, protocol: str = "") -> Reason:
    """Return the explanation of a verdict: ``done``, ``pending``, a fault, a result code, or empty.

    ``protocol``: protocol of the result code; without it, the first protocol that has the code.
    """
    case = _REASON_TEXTS.get(verdict)
    if case is not None:
        title, what_happened, what_to_do = case()
        return Reason(title, what_happened, _advice(verdict, protocol) or what_to_do, detail)
    return _refusal(verdict, detail, protocol)


def title(verdict: str, *, protocol: str = "") -> str:
    """Return the short title for lists."""
    return explain(verdict, protocol=protocol).title


def is_verdict(text: str) -> bool:
    """Return whether the text is a verdict, such as ``connect`` or ``000005``."""
    return text in _REASON_TEXTS or text.isdecimal()


def faults() -> tuple[tuple[str, str], ...]:
    """Return all faults with their titles, for filters."""
    return tuple((fault.value, title(fault.value)) for fault in Fault)


def codes() -> tuple[tuple[str, str], ...]:
    """Return all refusing result codes of all protocols with their titles, for filters."""
    all_codes = {code for protocol in protocols().values() for code in protocol.result_codes}
    return tuple((code, title(code)) for code in sorted(all_codes - {"000000", "000004"}))


type ReasonTexts = tuple[str, str, str]


def _advice(verdict: str, protocol: str) -> str:
    """Return advice specific to this protocol; empty if the general advice applies.

    Only SaaS 2.0 and Online License may answer 000004 and create the instance later (saas-v2 §4, saas-v1-license A2.2,
    B3).
    """
    protocol_found = protocols().get(protocol)
    if protocol_found is None:
        return ""
    activities = protocol_found.activities
    if NotifyOrder in activities:
        return _NOTICES[verdict]() if verdict in _NOTICES else ""
    match verdict:
        case Fault.TIMEOUT if Create not in activities or protocol_found.tells_at_once:
            return _(
                "Answer within 5 seconds and do slow work in the background. The same request must give the same answer when "
                "it is sent again."
            )
        case "pending" if Create not in activities or protocol_found.tells_at_once:
            return _REMEDIES["000004"]()
        case Fault.MISSING_FIELD if Create not in activities:
            return _("Add the field that is named below: resultCode and resultMsg are all that this protocol needs.")
        case Fault.MISSING_FIELD if Query not in activities:
            return _("Add the field that is named below.")
    return ""


def _pending_notice_advice() -> str:
    return _(
        "Answer 000000 once the order line is stored. A notification has no result to wait for; 000004 only "
        "causes it to be sent again."
    )


_NOTICES: Mapping[str, Callable[[], str]] = {
    Fault.TIMEOUT: lambda: _(
        "Answer within 5 seconds: store the order line, answer 000000 at once, and query the order in the background. The "
        "same notification may come again and must be answered with 000000 as well."
    ),
    "pending": _pending_notice_advice,
    "000004": _pending_notice_advice,
    Fault.MISSING_FIELD: lambda: _(
        "Add the field that is named below: resultCode and resultMsg are all that a notification needs."
    ),
}
"""Advice for order notifications, which create nothing (saas-v1-license D1)."""


def _refusal(code: str, detail: str, protocol: str) -> Reason:
    result_code = _result_code(code, protocol)
    if result_code is None:
        return Reason(
            _("%(code)s: code unknown") % {"code": code},
            _("The server answered with a result code that the protocol does not have."),
            _("Answer one of the documented codes. Code 000005 with a clear resultMsg fits any other error."),
            detail,
        )
    meaning = result_code.meaning.in_language(get_language())
    remedy = _REMEDIES.get(code)
    return Reason(
        f"{code} {meaning}",
        _("The server understood the request and refused it with this result code."),
        _advice(code, protocol)
        or (
            remedy()
            if remedy
            else _("Check resultMsg and your server's log for this order, correct the cause, then restart the call.")
        ),
        detail,
    )


def _result_code(code: str, protocol: str) -> ResultCode | None:
    if protocol in protocols():
        return protocols()[protocol].result_codes.get(code)
    return next(
        (installed.result_codes[code] for installed in protocols().values() if code in installed.result_codes), None
    )


_REASON_TEXTS: dict[str, Callable[[], ReasonTexts]] = {
    "": lambda: (
        _("No attempts yet"),
        _("No attempt has ended so far."),
        _("No action needed: the call is made when it is due."),
    ),
    "done": lambda: (
        _("Done"),
        _("The server answered success."),
        _("No action needed."),
    ),
    "pending": lambda: (
        _("The server is still working on it"),
        _("The server answered that it accepted the request and has not finished."),
        _(
            "No action needed if it finishes soon: the market asks again until the retry plan ends. If it never finishes, check the task that creates the instance."
        ),
    ),
    Fault.INTERNAL: lambda: (
        _("The market could not make the request"),
        _("Something on the market's side went wrong before anything was sent."),
        _("Your server is not at fault. Inform the operator. The call is retried as planned."),
    ),
    Fault.NO_KEY: lambda: (
        _("There is no signing key"),
        _(
            "The market signs every call with the seller's key for this interface class, but this key does not exist. Nothing was sent."
        ),
        _("Create the key on the Keys page, set it in your server, then press Restart."),
    ),
    Fault.ADDRESS_BLOCKED: lambda: (
        _("The address may not be called"),
        _(
            "The host name leads to a private, local or reserved address outside the networks that this market may call."
        ),
        _(
            "Point the domain's DNS record to a public address, or ask the operator to add your server's network to "
            "TRADEPOST_NETWORKS. A sandbox also calls loopback addresses."
        ),
    ),
    Fault.DNS: lambda: (
        _("The host name was not found"),
        _("The domain of the production address could not be resolved. Nothing was sent."),
        _("Check the domain's spelling in the production address and its A or AAAA record."),
    ),
    Fault.CONNECT: lambda: (
        _("No connection to the server"),
        _("The server refused the connection or could not be reached. Nothing was sent."),
        _(
            "Check that the server runs and listens on this port, and that no firewall stops the market: it calls from changing addresses, so do not filter by source."
        ),
    ),
    Fault.TLS: lambda: (
        _("The TLS connection failed"),
        _("No encrypted connection could be established, usually because of the certificate. Nothing was sent."),
        _(
            "Install a certificate of a public authority that fits the domain, has not expired and comes with its intermediate certificates; allow TLS 1.2 or later."
        ),
    ),
    Fault.TIMEOUT_CONNECT: lambda: (
        _("Connection timed out"),
        _(
            "The connection was not ready in time: the server did not accept it, or the TLS handshake did not finish. Nothing was sent."
        ),
        _(
            "Check that the port is open to the internet and that the server is not overloaded. A firewall that drops packets silently looks like this."
        ),
    ),
    Fault.TIMEOUT: lambda: (
        _("Response timed out"),
        _("The request was sent, but no complete answer came in time. The server may have acted on it."),
        _(
            "Answer within 5 seconds. For slow work, return 000004 at once and finish in the background. "
            "Repeated requests for the same order must return the same instance."
        ),
    ),
    Fault.CLOSED: lambda: (
        _("The connection was closed early"),
        _("The server closed the connection before a complete answer had come. It may have acted on the request."),
        _(
            "Check your logs at this time for a crash, a restart or a proxy limit. Check that Content-Length is "
            "the number of bytes sent."
        ),
    ),
    Fault.NOT_HTTP: lambda: (
        _("The answer is not HTTP"),
        _("The server returned data that is not an HTTP response."),
        _("Check the port and whether the address should begin with https://. The address must serve HTTP/1.1."),
    ),
    Fault.LOST: lambda: (
        _("The attempt was interrupted on our side"),
        _("The market's worker stopped during this attempt, so the response is unknown."),
        _(
            "No action needed: the call is retried. Your server may receive the same request again and must return the same response."
        ),
    ),
    Fault.REDIRECT: lambda: (
        _("Redirected to another address"),
        _("The server answered with a redirect, which is never followed."),
        _(
            "Enter the final address as the production address. Often http:// redirects to https://, or a trailing slash is missing."
        ),
    ),
    Fault.HTTP_STATUS: lambda: (
        _("HTTP status is not 200"),
        _("Every answer, a refusal too, must come with HTTP status 200 and a result code in its body."),
        _(
            "404 or 405: check the path and that your server accepts GET (SaaS 1.0, License 1.0) or POST (other "
            "protocols). 401 or 403: allow the call without a login; the signature identifies the caller. 500 to "
            "504: read your server's or proxy's error log at this time."
        ),
    ),
    Fault.TOO_LARGE: lambda: (
        _("The answer is too large"),
        _("The body is longer than the market reads."),
        _("Answer only the documented fields."),
    ),
    Fault.CONTENT_ENCODING: lambda: (
        _("The answer is compressed"),
        _("The market did not offer any Content-Encoding, but the answer has one."),
        _("Turn compression off for this path in your server, proxy or CDN."),
    ),
    Fault.CONTENT_TYPE: lambda: (
        _("The answer is not labelled as JSON"),
        _(
            "The header Content-Type must be application/json. Often the server returned an error page or a login "
            "page instead."
        ),
        _("Send Content-Type: application/json with every answer, and check that the path reaches your program."),
    ),
    Fault.NOT_JSON: lambda: (
        _("The body is not a JSON object"),
        _("The answer's body could not be read as one JSON object in UTF-8."),
        _(
            "Build the body with a JSON library, send it as UTF-8 without a byte order mark, and nothing before or after it."
        ),
    ),
    Fault.MISSING_FIELD: lambda: (
        _("A field is missing"),
        _("The answer lacks a field that this interface must return."),
        _(
            "Add the field that is named below. newInstance needs instanceId; queryInstance needs info with one entry for each instance."
        ),
    ),
    Fault.BAD_FIELD: lambda: (
        _("A field has a wrong value"),
        _("A field of the answer has the wrong type, is too long or holds a value that is not allowed."),
        _("Correct the field that is named below."),
    ),
    Fault.BODY_SIGN_MISSING: lambda: (
        _("The header Body-Sign is missing"),
        _(
            "This address must sign its responses, but the response has no header with exactly this name. The "
            "name is case-sensitive: body-sign does not match."
        ),
        _(
            "Add the header Body-Sign. If your framework writes header names in lower case, correct them in the "
            "proxy or use a server that preserves case."
        ),
    ),
    Fault.BODY_SIGN_WRONG: lambda: (
        _("The signature in Body-Sign is wrong"),
        _("The received signature does not match the bytes of the body signed with the seller's signing key."),
        _(
            "Sign exactly the bytes that you send, after serialising, with the key of this interface class, HMAC-SHA256 in Base64 and in double quotes. A proxy that rewrites the body breaks the signature."
        ),
    ),
    Fault.OTHER_INSTANCE: lambda: (
        _("The answer is about another instance"),
        _(
            "queryInstance must return exactly the requested instances. A repeated newInstance must return the "
            "instance of its order."
        ),
        _("Look the instances up by the ids of the request and return one entry for each, with the same id."),
    ),
    Fault.INSTANCE_TAKEN: lambda: (
        _("The instance belongs to another order"),
        _("newInstance returned an instanceId that was already used for a different order."),
        _(
            "Create a new ID for every order. Return the same ID only for the same orderId and orderLineId. You "
            "can use the businessId of the order's first request."
        ),
    ),
}

_REMEDIES: dict[str, Callable[[], str]] = {
    "000000": lambda: _("No action needed."),
    "000001": lambda: _(
        "Check that your server uses the current signing key of this interface class and computes the signature "
        "over the raw body. A + in a parameter must not be read as a space. Try the curl lines below."
    ),
    "000002": lambda: _(
        "Compare the request below with what your server checks. The timestamp is in milliseconds and may be off "
        "by 60 seconds. Set your server's clock by NTP."
    ),
    "000003": lambda: _(
        "Find out why this instance is not in your records: it was created by the newInstance call of the same order line."
    ),
    "000004": lambda: _("No action needed if it finishes soon: the market asks again until the retry plan ends."),
    "000005": lambda: _(
        "Search your server's log for this order line at the time of the attempt, correct the error, then restart the call."
    ),
    "000100": lambda: _("Add capacity, then restart the call. The buyer has paid and is waiting."),
    "000101": lambda: _(
        "Check the mobile number that the order query returns. The product must ask for it at checkout, or you must accept an empty one."
    ),
    "000102": lambda: _(
        "Check the e-mail address that the order query returns. The product must ask for it at checkout, or you must accept an empty one."
    ),
    "000103": lambda: _(
        "If this buyer may have the product twice, lift the limit and restart the call; otherwise tell the buyer why."
    ),
    "000104": lambda: _(
        "Search your server's log for this order line at the time of the attempt, correct the error, then restart the call."
    ),
    "000105": lambda: _(
        "If the buyer's benefits may be extended, do so and restart the call; otherwise tell the buyer why."
    ),
    "000106": lambda: _(
        "Add resources and restart the call, or stop selling the product until resources are available."
    ),
    "000107": lambda: _("Contact the buyer and agree on another e-mail domain; then restart the call."),
}
"""Advice for known result codes; other codes get general advice."""
