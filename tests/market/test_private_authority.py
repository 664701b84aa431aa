"""TRADEPOST_CA_FILE: every outbound connection of the market trusts the operator's authority, and none does without it
(opening §1).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from apprise.plugins.feishu import NotifyFeishu
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from tests.configured import configured
from tests.factories import NOW, make_buyer, make_seller
from tests.factories.tls_sites import Answer, authority, context_for, https, real_now
from tests.market.production.broken_sellers import KEY
from tests.market.web_scan.looking import QUICK
from tradepost.check import Options, run
from tradepost.cli.findings import Level
from tradepost.cli.network_diagnosis import check_networks
from tradepost.cli.serve import free_port
from tradepost.market.base.authorities import bundle_file, read_authorities, trusted
from tradepost.market.base.config import Config
from tradepost.market.base.outbound_policy import SANDBOX, OutboundPolicy
from tradepost.market.base.smtp import EmailBackend
from tradepost.market.identity.domain_names import proof_text
from tradepost.market.identity.domain_proof import Lookups, find_proof
from tradepost.market.notifications import endpoints
from tradepost.market.notifications.compose import Site
from tradepost.market.notifications.deliver_elsewhere import DeliverySettings, deliver_due
from tradepost.market.notifications.models import Endpoint, NoticeDelivery
from tradepost.market.notifications.sending import Sent, TemporaryFailure
from tradepost.market.notifications.sms import Sms
from tradepost.market.notifications.sms.aliyun import AliyunSms
from tradepost.market.notifications.sms.huaweicloud import HuaweiSms
from tradepost.market.notifications.tell import AddressedNotice, send_notice, send_notices
from tradepost.market.production.gateway import Gateway, Limits
from tradepost.market.review.website import task as website_task
from tradepost.market.web_scan import scan
from tradepost.protocols.commands import Done, Release, Unreachable
from tradepost.protocols.registry import protocol

JSON = (("Content-Type", "application/json"),)


@pytest.fixture(scope="module")
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("authorities") / "ca.pem"
    path.write_text(f"An authority of tests\n{authority().pem}")
    return path


@pytest.fixture(params=[True, False], ids=["with the file", "without it"])
def settings(request: pytest.FixtureRequest, ca_file: Path) -> Config:
    return configured(sandbox=True, sslyze="", ca_file=ca_file if request.param else None)


class Job:
    """A running leased job."""

    def __init__(self, **payload: object) -> None:
        self.payload = payload

    def progress(self, *_: object) -> None:
        """Ignore progress."""

    def go_on(self) -> None:
        """Never cancel."""


# --- calls, domain proof, website, web check, the tester ---


def test_production_call(settings: Config) -> None:
    async def call(url: str) -> object:
        async with Gateway(Limits(20.0, 65_536, settings.outbound)) as gateway:
            exchange = await gateway.exchange(
                protocol("saas_v2"), Release(instance_id="i-1"), address=url, keys=(KEY,), now=NOW, nonce="A" * 64,
                require_body_sign=False,
            )  # fmt: skip
            return exchange.result

    with https(Answer(headers=JSON, body='{"resultCode": "000000", "resultMsg": "released"}')) as site:
        result = asyncio.run(call(site.url))
    assert isinstance(result, Done) if settings.ca_file else isinstance(result, Unreachable) and result.fault == "tls"


def test_domain_proof(settings: Config) -> None:
    """By https with the operator's authority. The proof is on the port of the test's server, to which a replaced
    look-up points.
    """
    token = "t" * 32
    with https(Answer(body=proof_text(token))) as site:
        from tradepost.market.base.outbound import fetch

        lookups = Lookups(file=lambda url, bounds: fetch(url.replace("localhost/", f"localhost:{site.port}/"), bounds))
        proof = find_proof("localhost", token, outbound=settings.outbound, step=lambda _: None, lookups=lookups)
    assert proof.by == ("https" if settings.ca_file else "")
    assert bool(settings.ca_file) or proof.seen[0].code == "tls"


def test_company_website(settings: Config) -> None:
    with https(Answer()) as site:
        result = website_task(lambda: settings, pause=0).work(Job(url=site.url))  # type: ignore[arg-type]
    assert result == {} if settings.ca_file else result["why"] == "tls"


def test_web_check(settings: Config) -> None:
    with https(Answer()) as site:
        result = scan.task(lambda: settings, budget=QUICK).work(Job(url=site.url))  # type: ignore[arg-type]
    codes = {finding["code"] for finding in result["found"]}
    assert ("certificate.self_signed" in codes) != bool(settings.ca_file)


def test_the_tester(settings: Config) -> None:
    """As *Find out why* runs it: the server is reached, and gives no valid response."""
    with https(Answer(status=500)) as site:
        options = Options(
            url=site.url, key=KEY, only=frozenset({"shape"}), within=20, timeout=5, tls=trusted(settings.outbound.authorities)
        )  # fmt: skip
        try:
            report = str(run(options, lambda _: None))
        except Exception as unreachable:  # noqa: BLE001  # CannotRun: nobody answers
            report = str(unreachable)
        assert bool(site.asked) == bool(settings.ca_file), report


# --- webhooks, chats, SMS, mail ---


@pytest.mark.django_db(transaction=True)
def test_webhook_and_a_chat(settings: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    with https(Answer(headers=JSON, body='{"code":0,"msg":"success"}')) as site:
        monkeypatch.setattr(NotifyFeishu, "notify_url", f"{site.url}bot/{{token}}")
        person = make_buyer(balance="0", language="en")
        seller = make_seller(member=person)
        endpoints.add_webhook(
            seller, name="Ours", url=f"{site.url}hook", language="en", outbound=settings.outbound, most=9, now=NOW
        )
        address = "https://open.feishu.cn/open-apis/bot/v2/hook/0123456789abcdef"
        endpoints.add_chat(person, service="feishu", name="Group", address=address, language="en", most=9, now=NOW)
        facts = {"product": {"zh": "云笺", "en": "Leaf"}, "line": "CS1-1", "amount": {"minor": 100, "currency": "CNY"}}
        send_notices(
            [AddressedNotice(user=person, kind="seller_new_order", facts=facts, once="1", seller=seller.pk)], now=NOW
        )
        send_notice(person, "order_completed", facts={"product": "Leaf", "order": "CS1"}, once="2", now=NOW)
        way = DeliverySettings(site=Site("https://market.example"), outbound=settings.outbound)
        assert deliver_due(now=NOW, wall=NOW, way=way) == 2
        delivered = NoticeDelivery.objects.filter(channel__in=["webhook", "chat"])
        expected = (
            {"webhook": "sent", "chat": "sent"} if settings.ca_file else {"webhook": "waiting", "chat": "waiting"}
        )
        assert dict(delivered.values_list("channel", "status")) == expected
        assert sorted(site.asked) == (["/bot/0123456789abcdef", "/hook"] if settings.ca_file else [])
    assert Endpoint.objects.count() == 2


SMS = Sms(delivery=8, phone="+447400123456", language="en", code="123456", whole="…")


@pytest.mark.parametrize("provider", ["huaweicloud", "aliyun"])
def test_sms(settings: Config, provider: str) -> None:
    options = {"sender": "8821", "template": "T1", "code_template": "T2", "signature": "商埠", "sign": "商埠"}
    arguments = {"key": "id", "secret": "secret", "options": options, "authorities": settings.outbound.authorities}
    body = '{"code":"000000","Code":"OK","result":[{"status":"000000"}]}'
    with https(Answer(headers=JSON, body=body)) as site:
        adapter = (
            HuaweiSms(arguments, endpoint=site.url.rstrip("/"))
            if provider == "huaweicloud"
            else AliyunSms(arguments, endpoint=f"localhost:{site.port}")
        )
        result = adapter.send(SMS)
    assert isinstance(result, Sent if settings.ca_file else TemporaryFailure), result


@contextmanager
def mail_server() -> Iterator[int]:
    tls = context_for(authority().issue("localhost"))
    controller = Controller(Sink(), hostname="127.0.0.1", port=free_port(), ssl_context=tls)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop(no_assert=True)


def test_mail(settings: Config) -> None:
    with mail_server() as port:
        backend = EmailBackend(
            alias="default", host="localhost", port=port, use_ssl=True, timeout=10, authorities=settings.outbound.authorities
        )  # fmt: skip
        if settings.ca_file:
            assert backend.open()
            backend.close()
        else:
            with pytest.raises(ssl.SSLCertVerificationError):
                backend.open()


# --- the file itself ---


def make_pem(*, name: str = "Corp", ca: bool = True, until: timedelta = timedelta(days=365)) -> str:
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    built = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(real_now() - timedelta(days=400))
        .not_valid_after(real_now() + until)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )  # fmt: skip
    return built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


@pytest.mark.parametrize(
    ("content", "explained"),
    [
        (None, "cannot be read"), ("", "is not a bundle"), ("hello", "is not a bundle"), ("-----BEGIN CERTIFICATE-----\nMIIB", "is not a bundle"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate 1 of 1 is damaged"),
        ("-----BEGIN CERTIFICATE-----\nMIIBé\n-----END CERTIFICATE-----\n", "certificate 1 of 1 is damaged"),
        ("-----BEGIN CERTIFICATE-----\n\0\n-----END CERTIFICATE-----\n", "certificate 1 of 1 is damaged"),
        ("-----BEGIN CERTIFICATE-----\n\n-----END CERTIFICATE-----\n", "certificate 1 of 1 is damaged"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "private key"),
    ],
)  # fmt: skip
def test_wrong_file_stops_the_start_with_an_explanation(tmp_path: Path, content: str | None, explained: str) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ValidationError, match=explained) as refused:
        Config(ca_file=path)
    assert refused.value.errors()[0]["loc"] == ("ca_file",)


def test_valid_certificate_does_not_hide_a_damaged_one(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text(make_pem() + make_pem().replace("MII", "MIIAAAA", 1))
    with pytest.raises(ValueError, match="certificate 2 of 2 is damaged"):
        read_authorities(path)


def test_system_authorities_stay_trusted(ca_file: Path) -> None:
    authorities = Config(ca_file=ca_file).outbound.authorities
    ours, machine = trusted(authorities), ssl.create_default_context()
    assert len(ours.get_ca_certs()) >= len(machine.get_ca_certs()) + 1
    assert ours.verify_mode is ssl.CERT_REQUIRED
    assert ours.check_hostname
    assert not Path(bundle_file(authorities)).read_text().startswith(authorities)
    assert authorities in Path(bundle_file(authorities)).read_text()
    assert bundle_file("") == ""


@pytest.mark.parametrize(
    ("pems", "level", "message"),
    [
        (lambda: [make_pem(), make_pem()], Level.OK, "2 certificates; the first expires on"),
        (lambda: [make_pem(until=timedelta(days=-1))], Level.FAIL, "CN=Corp expired on"),
        (lambda: [make_pem(), make_pem(name="Old", until=timedelta(days=-1))], Level.WARN, "CN=Old expired on"),
        (lambda: [make_pem(until=timedelta(days=20))], Level.WARN, "CN=Corp expires on"),
        (lambda: [make_pem(name="erp.corp.internal", ca=False)], Level.WARN, "is not an authority"),
    ],
)
def test_doctor_counts_certificates_and_warns_of_their_expiry(
    tmp_path: Path, pems: Callable[[], list[str]], level: Level, message: str
) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("".join(pems()))
    networks, file = check_networks(Config(ca_file=path, networks="10.20.0.0/16,fd12:3456::/48"))  # type: ignore[arg-type]
    assert (networks.level, networks.said) == (Level.OK, "Also calls 10.20.0.0/16, fd12:3456::/48.")
    assert (file.level, str(path) in file.said, message in file.said) == (level, True, True), file.said


def test_doctor_reports_a_market_without_certificates() -> None:
    assert [network.level for network in check_networks(Config())] == [Level.OK, Level.OK]
    assert (SANDBOX.networks, OutboundPolicy().authorities) == ((), "")
