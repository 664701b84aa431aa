"""Issue 8, 10: addresses that no seller's server has are refused when they are entered, and the refusal says why (saas-v2 §1.2)."""

from __future__ import annotations

import pytest
from django.utils import translation

from tests.factories import make_address, make_product
from tests.factories.products import MONTHLY
from tests.factories.publishable import TRIAL
from tradepost.market.base.errors import Refused
from tradepost.market.base.outbound_policy import PUBLIC, SANDBOX, OutboundPolicy
from tradepost.market.base.values import replace
from tradepost.market.production.addresses import bind, check_url
from tradepost.market.production.models import Binding

CHARACTERS = "letters, digits, hyphens and dots only"
EMPTY = "empty part"
LENGTH = "1 to 63 letters"
NOT_PUBLIC = "public domain name"
OTHER_SERVICE = "another service"

REFUSED = {  # everywhere: what is said in a sandbox
    "https://.127.0.0.1/": EMPTY,
    "https://seller..example/": EMPTY,
    "https://seller.example./": EMPTY,
    "https://./": EMPTY,
    "https://example.com%00.evil/": CHARACTERS,
    "https://exam%70le.com/": CHARACTERS,
    "https://example.com\\.evil/": CHARACTERS,
    "https://exa mple.com/": "without blanks",
    "https://example.com\x00.evil/": "without blanks",
    "https://商埠.example/": "without blanks",
    "https://(example).com/": CHARACTERS,
    "https://a,b.example/": CHARACTERS,
    f"https://{'a' * 64}.example/": LENGTH,
    f"https://{'a.' * 127}example/": LENGTH,
    "https://-seller.example/": LENGTH,
    "https://seller-.example/": LENGTH,
    "https://xn--.example/": LENGTH,
    "https://xn--a.example/": "xn--a is not the xn-- form",
    "https://0x7f.1/": "Write 127.0.0.1",
    "https://2130706433/": "Write 127.0.0.1",
    "https://127.1/": "Write 127.0.0.1",
    "https://0177.0.0.1/": "Write 127.0.0.1",
    "https://0x7f000001/": "Write 127.0.0.1",
    "https://127.0.0.1.5/": "is none",
    "https://seller.example.1/": "is none",
    "https://256.1.1.1/": "is none",
    "https://[fe80::1%25eth0]/": "not name a zone",
    "https://[fe80::1%eth0]/": "not name a zone",
    "https://[v1.x]/": "not a web address",
    "https://[::1/": "not a web address",
    "https://user@seller.example/": "user name",
    "https://user:password@seller.example/": "user name",
    "https://@seller.example/": "user name",
    "https://seller.example/#a": "#fragment",
    "https://seller.example:22/": OTHER_SERVICE,
    "https://seller.example:25/": OTHER_SERVICE,
    "https://seller.example:6379/": OTHER_SERVICE,
    "https://seller.example:0/": "not a web address",
    "https://seller.example:65536/": "not a web address",
    "https://seller.example:x/": "not a web address",
    "https:seller.example/": "starts with",
    "https:///produce": "starts with",
    "//seller.example/": "starts with",
}  # fmt: skip
SANDBOX_ONLY = {  # what a real market says of them
    "http://seller.example/": "https:// addresses only",
    "https://127.0.0.1/": NOT_PUBLIC,
    "https://[::1]/": NOT_PUBLIC,
    "https://localhost/": NOT_PUBLIC,
    "https://my_seller.example/": LENGTH,
    "https://seller.example:80/": "443 and those from 1024 on",
    "https://seller.example:9/": "443 and those from 1024 on",
}
TAKEN = (
    "https://seller.example/produce",
    "https://seller.example:443/produce?a=1",
    "https://seller.example:8443",
    "https://SELLER.example/",
    "https://1.seller.example/",
    "https://1st.2nd.example/",
    "https://xn--fiq228c.example/",
    "https://a-b.c--d.example/",
    f"https://{'a' * 63}.example/",
)


def said(url: str, *, outbound: OutboundPolicy) -> str:
    with translation.override("en"), pytest.raises(Refused) as caught:
        check_url(url, outbound=outbound)
    assert caught.value.field == "url"
    return str(caught.value.message)


@pytest.mark.parametrize(("url", "words"), REFUSED.items())
def test_what_no_server_is_called_is_refused_in_every_market(url: str, words: str) -> None:
    assert words in said(url, outbound=SANDBOX)
    assert said(url, outbound=PUBLIC)


@pytest.mark.parametrize(("url", "words"), SANDBOX_ONLY.items())
def test_a_sandbox_is_freer(url: str, words: str) -> None:
    assert check_url(url, outbound=SANDBOX) == url
    assert words in said(url, outbound=PUBLIC)


@pytest.mark.parametrize("url", TAKEN)
@pytest.mark.parametrize("outbound", [SANDBOX, PUBLIC])
def test_a_usual_address_is_taken_as_it_is(url: str, outbound: OutboundPolicy) -> None:
    assert check_url(f" {url} ", outbound=outbound) == url


@pytest.mark.parametrize("url", [*REFUSED, *SANDBOX_ONLY])
def test_the_refusal_is_in_chinese_too(url: str) -> None:
    with translation.override("zh-hans"), pytest.raises(Refused, match=r"[一-龥]"):
        check_url(url, outbound=PUBLIC)


@pytest.mark.django_db
def test_what_is_sold_by_the_day_is_not_bound_to_a_protocol_without_the_word() -> None:
    """saas-v1-license A2.1: periodType is year or month; a day is said of trials alone."""
    by_day = replace(MONTHLY, period_type="day", period_numbers=(1, 7))
    product = make_product(prices=(MONTHLY, by_day), bound=False)
    trial = make_product(product.seller, prices=(MONTHLY, TRIAL), bound=False)
    other = make_address(product.seller, protocol="saas_v1")
    with translation.override("en"), pytest.raises(Refused, match="name a day for trials alone") as refused:
        bind(product, other)
    assert (refused.value.code, refused.value.field) == ("address.period", "address")
    assert not Binding.objects.filter(product=product).exists()
    bind(trial, other)
