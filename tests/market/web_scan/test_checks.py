"""Findings of each check against servers on this machine with one fault each; correct sites pass.

business-rules §2.7: "SaaS site … URL redirect, TLS configuration …: one high-risk finding = fail".
"""

from __future__ import annotations

import ssl
from datetime import timedelta
from http import HTTPStatus

import pytest

from tests.factories.tls_sites import HOME, Answer, authority, context_for, https, redirect, safe, serving
from tests.market.web_scan.looking import SSLYZE, check_site, codes, untested
from tradepost.market.base.authorities import trusted
from tradepost.market.base.outbound_policy import PUBLIC
from tradepost.market.web_scan.contract import REASON_TEXTS, UNCOVERED_TOPICS, Severity, UntestedReason
from tradepost.market.web_scan.registry import all_checks, faults
from tradepost.market.web_scan.site import Budget

OTHER = "https://tradepost-web-check.invalid/"
scanner = pytest.mark.skipif(not SSLYZE.exists(), reason="sslyze could not be installed on this machine")

FORM = '<form action="/login"><input type="password" name="p"></form>'
RIGHT: dict[str, object] = {
    "safe in everything": safe(),
    "no headers at all": Answer(headers=(("Content-Type", "text/html"),)),
    "a log-in page": safe(FORM),
    "asks for a password first": Answer(HTTPStatus.UNAUTHORIZED, (("Content-Type", "text/html"), ("WWW-Authenticate", "Basic"))),
    "turns programs away": Answer(HTTPStatus.FORBIDDEN, (("Content-Type", "text/html"),)),
    "an API": Answer(headers=(("Content-Type", "application/json"),), body="{}"),
    "redirects within": lambda path: redirect("/home") if path == "/" else safe(),
    "leads to its log-in elsewhere": redirect("https://accounts.example/login"),
    "keeps where to go to itself": lambda path: redirect("/") if "next=" in path else safe('<a href="/go?next=/a">x</a>'),
    "shows where to go, and leaves it to people": lambda path: safe(f'<a href="/go?url=1">x</a><p>{path}</p>'),
    "pictures over http": safe('<img src="http://pictures.example/a.png">'),
    "is not found": Answer(HTTPStatus.NOT_FOUND, (("Content-Type", "text/html"),)),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_correct_site_has_no_high_finding(name: str) -> None:
    """shelf.md §9: "a listing that is right must never be refused"."""
    with https(RIGHT[name]) as site:  # type: ignore[arg-type]  # one of the shapes of a page
        result = check_site(site.url)
    assert codes(result, Severity.HIGH) == set()
    assert result["reached"]


def test_fully_hardened_site_has_no_finding() -> None:
    with https(safe()) as site:
        result = check_site(site.url)
    assert codes(result) == set()
    assert untested(result) == {"tls": UntestedReason.NO_SCANNER}


# --- the connection -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("issued", "code"),
    [
        ({"until": timedelta(days=-1), "since": timedelta(days=30)}, "certificate.expired"),
        ({"since": timedelta(days=-2)}, "certificate.not_yet"),
        ({"self_signed": True}, "certificate.self_signed"),
        ({"until": timedelta(days=5)}, "certificate.soon"),
    ],
)
def test_wrong_certificate_is_reported_with_its_names_and_days(issued: dict[str, object], code: str) -> None:
    with https(safe(), **issued) as site:
        result = check_site(site.url)
    assert codes(result) == {code}
    [finding] = result["found"]
    assert any("localhost" in line for line in finding["evidence"])
    assert untested(result) == {"tls": UntestedReason.NO_SCANNER}, "one report says all: the rest is asked all the same"


def test_certificate_for_another_name_is_reported() -> None:
    with https(safe(), "shop.example") as site:
        assert codes(check_site(site.url)) == {"certificate.name"}


def test_incomplete_chain_is_no_high_finding() -> None:
    """Browsers fetch the missing certificates from the address in the certificate: an uncertain fault does not block."""
    with https(safe(), issuer_at="http://ca.example/ca.crt") as site:
        result = check_site(site.url, trust=trusted("", lenient=True))
        assert codes(result) == {"certificate.chain"}
        assert codes(result, Severity.HIGH) == set()
    with https(safe(), "shop.example", issuer_at="http://ca.example/ca.crt") as site:
        assert codes(check_site(site.url, trust=trusted("", lenient=True))) == {"certificate.chain", "certificate.name"}


def test_unknown_authority_is_untrusted() -> None:
    with https(safe(without=["Referrer-Policy"]), since=timedelta(days=30), until=timedelta(days=-1)) as site:
        result = check_site(site.url, trust=trusted("", lenient=True))
    assert codes(result) == {"certificate.self_signed", "certificate.expired", "headers.referrer"}


def test_same_certificate_is_the_same_evidence() -> None:
    """An accepted appeal applies while the evidence is the same."""
    pem = authority().issue("shop.example")
    with serving(safe(), tls=context_for(pem)) as site:
        first, second = check_site(site.url)["found"], check_site(site.url)["found"]
    assert first == second


def test_plain_http_is_high_except_on_a_sandboxs_own_machine() -> None:
    """Decided for sandboxes: their sellers run on loopback, where nobody listens in."""
    with serving(safe()) as site:
        result = check_site(site.url)
    assert codes(result) == {"transport.loopback"}
    assert untested(result) == {"certificate": UntestedReason.NO_HTTPS, "tls": UntestedReason.NO_HTTPS}


def test_plain_http_of_a_public_name_is_high(monkeypatch: pytest.MonkeyPatch) -> None:
    from tradepost.market.web_scan.checks import transport

    monkeypatch.setattr(transport, "is_loopback", lambda _host: False)
    with serving(safe()) as site:
        assert codes(check_site(site.url), Severity.HIGH) == {"transport.plain"}
    with serving(Answer(HTTPStatus.BAD_GATEWAY)) as site:
        result = check_site(site.url)
    assert codes(result) == set()
    assert untested(result)["transport"] == UntestedReason.STATUS


def test_http_that_redirects_to_https_on_the_same_host_is_fine() -> None:
    with https(safe()) as secure, serving(redirect(secure.url, 301)) as plain:
        result = check_site(plain.url)
    assert codes(result) == set()
    assert "certificate" not in untested(result), "the certificate of where it leads was looked at"


@pytest.mark.slow
@scanner
def test_obsolete_versions_and_ciphers_are_reported() -> None:
    pem = authority().issue("localhost")
    with serving(safe(), tls=context_for(pem, oldest=ssl.TLSVersion.TLSv1)) as site:
        result = check_site(site.url, only="tls", sslyze=str(SSLYZE))
    assert codes(result) == {"tls.old", "tls.no_cipher"}
    evidence = {finding["code"]: finding["evidence"] for finding in result["found"]}
    assert evidence["tls.old"] == ["TLS 1.0", "TLS 1.1"]
    assert all("anonymous" in line for line in evidence["tls.no_cipher"])


@pytest.mark.slow
@scanner
def test_server_with_only_old_versions_and_one_with_new_ones() -> None:
    pem = authority().issue("localhost")
    only_old = context_for(pem, oldest=ssl.TLSVersion.TLSv1, newest=ssl.TLSVersion.TLSv1_1)
    with serving(safe(), tls=only_old) as site:
        assert "tls.no_modern" in codes(check_site(site.url, only="tls", sslyze=str(SSLYZE)), Severity.HIGH)
    with serving(safe(), tls=context_for(pem)) as site:
        result = check_site(site.url, only="tls", sslyze=str(SSLYZE))
    assert (codes(result), untested(result)) == (set(), {})


def test_scanner_that_crashes_or_prints_nonsense_leaves_tls_untested(tmp_path) -> None:
    for script, reason in (
        ("exit 3", UntestedReason.SCANNER),
        ('for a; do case $a in --json_out=*) echo "{" > "${a#*=}";; esac; done', UntestedReason.SCANNER),
    ):
        program = tmp_path / "sslyze"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o700)
        with https(safe()) as site:
            assert untested(check_site(site.url, only="tls", sslyze=str(program))) == {"tls": reason}


def test_scanner_gets_the_address_and_no_secret_and_ends_with_the_run(
    tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRADEPOST_SECRET_KEY", "do not tell")
    program, seen_file = tmp_path / "sslyze", tmp_path / "seen"
    program.write_text(f"#!/bin/sh\n{{ env; echo $@; }} > {seen_file}\nexec sleep 600\n")
    program.chmod(0o700)
    with https(safe()) as site:
        result = check_site(site.url, only="tls", sslyze=str(program), budget=Budget(pause=0, seconds=2))
        assert untested(result) == {"tls": UntestedReason.TIMEOUT}
        seen_text = seen_file.read_text()
        assert f"localhost:{site.port}{{127.0.0.1}}" in seen_text
    assert "do not tell" not in seen_text


# --- pages --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (safe(without=["Content-Security-Policy"]), {"headers.csp", "headers.frame"}),
        (safe(Content_Security_Policy="script-src 'self' 'unsafe-inline'; frame-ancestors 'none'"), {"headers.csp_inline"}),
        (safe(Content_Security_Policy="script-src 'nonce-a' 'unsafe-inline'; frame-ancestors 'none'"), set()),
        (safe(Content_Security_Policy="default-src 'self'", X_Frame_Options="DENY"), set()),
        (safe(without=["Strict-Transport-Security"]), {"headers.hsts"}),
        (safe(Strict_Transport_Security="max-age=60"), {"headers.hsts_short"}),
        (safe(Strict_Transport_Security="nonsense"), {"headers.hsts_short"}),
        (safe(without=["X-Content-Type-Options"]), {"headers.nosniff"}),
        (safe(Referrer_Policy="bogus"), {"headers.referrer"}),
        (safe(X_Powered_By="PHP/5.3.1"), {"headers.version"}),
    ],
)  # fmt: skip
def test_headers(page: Answer, expected: set[str]) -> None:
    with https(page) as site:
        result = check_site(site.url, only="headers")
    assert codes(result) == expected
    assert codes(result, Severity.HIGH) == set(), "a site may be safe without any of them"


@pytest.mark.parametrize(
    ("cookie", "expected"),
    [
        ("session=1; Secure; HttpOnly; SameSite=Lax", set()),
        ("session=1; HttpOnly; SameSite=Lax", {"cookies.secure"}),
        ("session=1; Secure; SameSite=Strict", {"cookies.http_only"}),
        ("theme=dark; Secure; SameSite=Lax", set()),
        ("csrftoken=1; Secure; SameSite=Lax", set()),
        ("theme=dark; Secure", {"cookies.same_site"}),
        ("theme=dark; SameSite=None", {"cookies.none"}),
        ("session=; Max-Age=0", set()),
        (";;;=", set()),
    ],
)
def test_cookies(cookie: str, expected: set[str]) -> None:
    with https(safe(Set_Cookie=cookie)) as site:
        assert codes(check_site(site.url, only="cookies")) == expected


def test_value_of_a_cookie_is_not_stored() -> None:
    with https(safe(Set_Cookie="session=4711-secret; Path=/")) as site:
        assert "4711" not in str(check_site(site.url))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<form action="http://localhost/in"><input type=password></form>', {"mixed_content.password"}),
        ('<form action="http://localhost/in"><input name=a></form>', {"mixed_content.form"}),
        ('<script src="http://cdn.example/a.js"></script>', {"mixed_content.active"}),
        ('<link rel="stylesheet" href="http://cdn.example/a.css">', {"mixed_content.active"}),
        ('<link rel="canonical" href="http://cdn.example/">', set()),
        ('<img src="http://cdn.example/a.png">', {"mixed_content.passive"}),
        ('<base href="http://old.example/"><img src="a.png">', {"mixed_content.passive"}),
        ('<a href="http://other.example/">x</a><script src="//cdn.example/a.js"></script>', set()),
        ("<img src='http://[' ><img src='\x00'>", set()),
    ],
)
def test_mixed_content(body: str, expected: set[str]) -> None:
    with https(safe(body)) as site:
        assert codes(check_site(site.url, only="mixed_content")) == expected


@pytest.mark.parametrize(
    "body", ['<a href="/out?x=1&next=/a">x</a>', '<form action="/out"><input name=next></form>', HOME]
)
def test_open_redirect_is_reported(body: str) -> None:
    def pages(path: str) -> Answer:
        from urllib.parse import parse_qs, urlsplit

        to = parse_qs(urlsplit(path).query).get("next", [""])[0]
        return redirect(to) if "invalid" in to else safe(body)

    with https(pages) as site:
        result = check_site(site.url, only="open_redirect")
    assert codes(result, Severity.HIGH) == {"open_redirect.found"}
    assert f"next={OTHER}" in result["found"][0]["evidence"][0]
    assert "x=1" not in result["found"][0]["where"], "values of others are kept nowhere"


def test_only_addresses_beginning_with_two_slashes_are_redirected() -> None:
    def pages(path: str) -> Answer:
        return redirect("//tradepost-web-check.invalid/") if "next=%2F%2F" in path else safe()

    with https(pages) as site:
        assert codes(check_site(site.url, only="open_redirect")) == {"open_redirect.found"}


def test_links_to_other_hosts_are_not_requested() -> None:
    with https(safe()) as other, https(safe(f'<a href="https://127.0.0.1:{other.port}/?next=a">x</a>')) as site:
        check_site(site.url)
        assert other.asked == []


# --- limits -------------------------------------------------------------------------------------------------------------


def test_redirect_to_a_private_address_is_not_followed() -> None:
    """The metadata service of a cloud, and everything else that is not the site's own host."""
    for target in ("http://169.254.169.254/latest/", "http://10.0.0.1/", "http://127.0.0.1:22/", "file:///etc/passwd"):
        with https(redirect(target)) as site:
            result = check_site(site.url)
            assert codes(result, Severity.HIGH) == set()
            assert untested(result)["headers"] == UntestedReason.OTHER_HOST


def test_real_market_requests_no_address_of_its_own_network() -> None:
    with https(safe()) as site:
        result = check_site(site.url, outbound=PUBLIC)
        assert site.asked == []
    assert not result["reached"]
    assert result["found"] == []
    assert set(untested(result).values()) <= {UntestedReason.ADDRESS, UntestedReason.NO_SCANNER}


HTML = (("Content-Type", "text/html"),)


@pytest.mark.slow
@pytest.mark.parametrize("page", [Answer(headers=HTML, slow=0.5), Answer(headers=HTML, endless=True)])
def test_slow_and_endless_pages_end(page: Answer) -> None:
    with https(page) as site:
        result = check_site(site.url, budget=Budget(pause=0, seconds=3))
    assert codes(result, Severity.HIGH) == set()


def test_requests_of_a_run_are_limited() -> None:
    body = "".join(f'<a href="/{n}?next=x">x</a>' for n in range(400))
    with https(safe(body)) as site:
        result = check_site(site.url, budget=Budget(requests=7, pause=0))
        assert len(site.asked) == 7 == result["requests"]
    assert untested(result)["open_redirect"] == UntestedReason.BUDGET


def test_redirect_loop_ends() -> None:
    with https(lambda path: redirect(f"{path}x")) as site:
        result = check_site(site.url)
    assert untested(result)["headers"] == UntestedReason.REDIRECTS
    assert not result["reached"]


def test_unreachable_site_passes_nothing() -> None:
    result = check_site("https://localhost:9/")
    assert not result["reached"]
    assert result["found"] == []


def test_text_of_a_site_is_stored_in_one_line_without_control_characters() -> None:
    with https(safe(X_Powered_By="1\x9b\x85" + "a" * 4000 + "<script>")) as site:
        [finding] = check_site(site.url, only="headers")["found"]
    assert all(line.isprintable() and len(line) <= 300 for line in finding["evidence"])


# --- words --------------------------------------------------------------------------------------------------------------


def test_every_fault_and_reason_has_words_in_both_languages() -> None:
    texts = [text for fault in faults().values() for text in (fault.title, fault.why, fault.repair, fault.topic)]
    texts += [*REASON_TEXTS.values(), *UNCOVERED_TOPICS, *(check.title for check in all_checks())]
    assert all(text.en.strip() and text.zh.strip() for text in texts)
    assert set(REASON_TEXTS) == set(UntestedReason)


def test_code_of_a_fault_begins_with_its_check_and_is_unique() -> None:
    codes_of_checks = [(check, fault.code) for check in all_checks() for fault in check.faults]
    assert all(code.startswith(f"{check.code}.") for check, code in codes_of_checks)
    assert len({code for _, code in codes_of_checks}) == len(codes_of_checks)
    assert len({check.order for check in all_checks()}) == len(all_checks())


def test_untested_checks_of_the_section_are_listed() -> None:
    """§2.7 names them; the report says plainly that they were not tested."""
    topics = " ".join(text.en for text in UNCOVERED_TOPICS)
    for topic in ("XSS", "SQL", "CSRF", "XXE", "operating system", "traversal", "Upload", "sensitive", "trojan"):
        assert topic in topics
