"""Issue 8, 10: addresses that cannot be a seller's server are refused when entered, with the reason (saas-v2 §1.2)."""

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

CHARACTERS = (
    "The host may contain only letters, digits, hyphens and dots. Write a name in another script in its xn-- form"
)
EMPTY = "empty part"
LENGTH = "1 to 63 letters"
NOT_PUBLIC = "public domain name"
OTHER_SERVICE = "another service"

REFUSED = {  # everywhere: also in a sandbox
    "https://.127.0.0.1/": EMPTY,
    "https://seller..example/": EMPTY,
    "https://seller.example./": EMPTY,
    "https://./": EMPTY,
    "https://example.com%00.evil/": CHARACTERS,
    "https://exam%70le.com/": CHARACTERS,
    "https://example.com\\.evil/": CHARACTERS,
    "https://exa mple.com/": "without spaces",
    "https://example.com\x00.evil/": "without spaces",
    "https://商埠.example/": "without spaces",
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
    "https://127.0.0.1.5/": "must be an IP address",
    "https://seller.example.1/": "must be an IP address",
    "https://256.1.1.1/": "must be an IP address",
    "https://[fe80::1%25eth0]/": "must not contain a zone",
    "https://[fe80::1%eth0]/": "must not contain a zone",
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
SANDBOX_ONLY = {  # only in a real market
    "http://seller.example/": "A production market calls only https:// addresses",
    "https://127.0.0.1/": NOT_PUBLIC,
    "https://[::1]/": NOT_PUBLIC,
    "https://localhost/": NOT_PUBLIC,
    "https://my_seller.example/": LENGTH,
    "https://seller.example:80/": "The market calls only port 443 and ports from 1024 upwards, not",
    "https://seller.example:9/": "The market calls only port 443 and ports from 1024 upwards, not",
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


def refusal_of(url: str, *, outbound: OutboundPolicy) -> str:
    with translation.override("en"), pytest.raises(Refused) as caught:
        check_url(url, outbound=outbound)
    assert caught.value.field == "url"
    return str(caught.value.message)


@pytest.mark.parametrize(("url", "words"), REFUSED.items())
def test_unusable_address_is_refused_in_every_market(url: str, words: str) -> None:
    assert words in refusal_of(url, outbound=SANDBOX)
    assert refusal_of(url, outbound=PUBLIC)


@pytest.mark.parametrize(("url", "words"), SANDBOX_ONLY.items())
def test_sandbox_accepts_more_addresses(url: str, words: str) -> None:
    assert check_url(url, outbound=SANDBOX) == url
    assert words in refusal_of(url, outbound=PUBLIC)


@pytest.mark.parametrize("url", TAKEN)
@pytest.mark.parametrize("outbound", [SANDBOX, PUBLIC])
def test_usual_address_is_accepted_unchanged(url: str, outbound: OutboundPolicy) -> None:
    assert check_url(f" {url} ", outbound=outbound) == url


@pytest.mark.parametrize("url", [*REFUSED, *SANDBOX_ONLY])
def test_refusal_is_translated_into_chinese(url: str) -> None:
    with translation.override("zh-hans"), pytest.raises(Refused, match=r"[一-龥]"):
        check_url(url, outbound=PUBLIC)


@pytest.mark.django_db
def test_product_sold_by_the_day_needs_a_protocol_with_days() -> None:
    """saas-v1-license A2.1: periodType is year or month; a day is said of trials alone."""
    by_day = replace(MONTHLY, period_type="day", period_numbers=(1, 7))
    product = make_product(prices=(MONTHLY, by_day), bound=False)
    trial = make_product(product.seller, prices=(MONTHLY, TRIAL), bound=False)
    other = make_address(product.seller, protocol="saas_v1")
    with (
        translation.override("en"),
        pytest.raises(Refused, match="Its requests use days only for trials") as refused,
    ):
        bind(product, other)
    assert (refused.value.code, refused.value.field) == ("address.period", "address")
    assert not Binding.objects.filter(product=product).exists()
    bind(trial, other)
