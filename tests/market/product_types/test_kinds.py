"""Product types: what business-rules §2.1 and §2.5 say of each, declared once and checked by one function."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from tradepost.market.base.findings import Finding
from tradepost.market.base.values import replace
from tradepost.market.product_types.acceptance import SUPERVISED
from tradepost.market.product_types.check import check
from tradepost.market.product_types.contract import NO, YES, Answer, DeliveryMethod, ProductType, Supervision
from tradepost.market.product_types.deliverable import reason_undeliverable
from tradepost.market.product_types.endpoint import ADDRESS
from tradepost.market.product_types.facts import ProductFacts, SpecFacts, Template
from tradepost.market.product_types.image_manifest import IMAGES, MAX_IMAGES, read_images
from tradepost.market.product_types.registry import product_type, product_types
from tradepost.market.web.templatetags.ui import icon_names
from tradepost.protocols.commands import ChargingMode
from tradepost.protocols.registry import protocols

PERIOD, ONCE, DEMAND, PACKAGE = (
    ChargingMode.PERIOD, ChargingMode.ONE_TIME, ChargingMode.ON_DEMAND, ChargingMode.ON_DEMAND_PKG,
)  # fmt: skip
INTERFACE, CODE, FILE, PERSON, COURIER, COMPUTE, GATEWAY = (
    DeliveryMethod.INTERFACE, DeliveryMethod.CODE, DeliveryMethod.FILE, DeliveryMethod.PERSON, DeliveryMethod.COURIER, DeliveryMethod.COMPUTE, DeliveryMethod.GATEWAY,
)  # fmt: skip
NEVER, CHOICE, ALWAYS = Supervision
# §2.1, one row per kind: modes, supervision, delivery; §3.4 multi-SKU.
TABLE = {
    "SAAS": ({PERIOD, ONCE, DEMAND, PACKAGE}, CHOICE, INTERFACE, True),
    "LICENSE": ({PERIOD, ONCE}, CHOICE, INTERFACE, True),
    "LICENSE_CODE": ({PERIOD, ONCE}, ALWAYS, CODE, True),
    "LICENSE_PACKAGE": ({PERIOD, ONCE}, ALWAYS, FILE, True),
    "LICENSE_OFFLINE": ({PERIOD, ONCE}, ALWAYS, PERSON, True),
    "IMAGE": ({DEMAND, PERIOD}, NEVER, COMPUTE, False),
    "API_GATEWAY": ({DEMAND, PACKAGE, ONCE}, NEVER, GATEWAY, False),
    "API_AGENTS": ({DEMAND}, NEVER, GATEWAY, False),
    "MANUAL_SERVICE": ({ONCE, PERIOD}, ALWAYS, PERSON, True),
    "CONSULTING": ({ONCE}, ALWAYS, PERSON, False),
    "HARDWARE": ({ONCE}, ALWAYS, COURIER, False),
    "AI_ASSET": ({PERIOD, ONCE}, NEVER, FILE, True),
    "CONTAINER": ({PERIOD}, ALWAYS, FILE, False),
    "DATA_FILE": ({PERIOD, ONCE}, ALWAYS, FILE, False),
    "APP_ORCHESTRATION": ({PERIOD, ONCE}, ALWAYS, PERSON, False),
}
KINDS = list(product_types().values())
IMAGE = f"registry.example.com/shop/app:1.2@sha256:{'a' * 64}"
SOFTWARE = {
    "SAAS", "LICENSE", "LICENSE_CODE", "LICENSE_PACKAGE", "LICENSE_OFFLINE", "IMAGE", "AI_ASSET", "CONTAINER",
    "APP_ORCHESTRATION",
}  # fmt: skip
for_each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)


def test_table_of_access_types() -> None:
    declared = {
        kind.code: (set(kind.charging_modes), kind.supervision, kind.delivery, kind.multi_sku) for kind in KINDS
    }
    assert declared == TABLE


def test_kinds_made_by_a_seller_server_or_the_market_can_be_delivered() -> None:
    """Issue 9: "never sold without working delivery"."""
    by_people = {
        "MANUAL_SERVICE", "CONSULTING", "LICENSE_OFFLINE", "HARDWARE", "DATA_FILE", "APP_ORCHESTRATION",
        "LICENSE_PACKAGE", "CONTAINER",
    }  # fmt: skip
    assert {kind.code for kind in KINDS if kind.by_people} == by_people
    by_market = {"API_GATEWAY", "API_AGENTS", "AI_ASSET"}
    assert {kind.code for kind in KINDS if kind.by_market} == by_market
    assert {kind.code for kind in KINDS if not kind.deliverable} == {"IMAGE"}, "it needs a cloud"
    assert {kind.code for kind in KINDS if kind.protocols} == {"SAAS", "LICENSE", "LICENSE_CODE"}
    assert {kind.code for kind in KINDS if kind.issues_codes} == {"LICENSE_CODE"}
    assert {kind.code for kind in KINDS if kind.steps} == {"SAAS", "LICENSE", "IMAGE", *by_market}


def test_product_sold_as_a_license_still_is_one_and_has_both_protocols() -> None:
    kind = product_type("LICENSE")
    assert kind.protocols == ("license_v1", "license_online")
    assert {product_kind.code for product_kind in KINDS if product_kind.family == "license"} == {
        "LICENSE", "LICENSE_CODE", "LICENSE_PACKAGE", "LICENSE_OFFLINE",
    }  # fmt: skip


def test_trial_stock_scan_and_upgrades_follow_the_rules() -> None:
    """§3.5, §3.7, §2.7, saas-v2 §8."""
    assert [kind.code for kind in KINDS if kind.trial] == ["SAAS"]
    assert [kind.code for kind in KINDS if kind.stock] == ["HARDWARE"]
    assert [kind.code for kind in KINDS if kind.web_scan] == ["SAAS"]
    assert [kind.code for kind in KINDS if kind.upgrades] == ["SAAS"]
    assert {kind.code for kind in KINDS if "software_copyright" in {proof.code for proof in kind.proofs}} == SOFTWARE


@for_each_kind
def test_kind_is_complete_in_both_languages(kind: ProductType) -> None:
    words = [kind.title, kind.summary, *(question.label for question in kind.fields), *(p.label for p in kind.proofs)]
    words += [choice for question in kind.fields for _, choice in question.choices]
    words += [text for text in (kind.undeliverable, *(question.help for question in kind.fields)) if text]
    assert all(text is not None and text.en.strip() and text.zh.strip() for text in words)
    assert kind.icon in icon_names()
    assert set(kind.protocols) <= set(protocols())
    codes = [question.code for question in kind.fields] + [proof.code for proof in kind.proofs]
    assert len(set(codes)) == len(codes)
    for question in kind.fields:
        assert (question.answer is Answer.CHOICE) == bool(question.choices)
        assert question.least <= question.most
        assert question.section.replace(".", "").isdigit()


def valid_product(kind: ProductType) -> ProductFacts:
    """Make a product with everything that its kind requires."""
    answers: dict[str, str] = {}
    for question in kind.fields:
        answer = {
            Answer.NUMBER: str(question.most), Answer.YES_NO: YES, Answer.LINE: "x" * question.most,
            Answer.TEXT: "Two\nlines", Answer.CHOICE: question.choices[0][0] if question.choices else "",
        }[question.answer]  # fmt: skip
        answer = NO if question is SUPERVISED else answer  # forbids what other products of its kind may have
        answer = {ADDRESS: "https://api.example.com/v1", IMAGES: IMAGE}.get(question.code, answer)
        answers |= {question.code: answer} | ({f"{question.code}_en": answer} if question.translated else {})
    spec = SpecFacts(
        name="Standard", modes=frozenset(kind.charging_modes[:1]), template=next(iter(kind.templates)),
        attributes=("compute_node",) if kind.code == "AI_ASSET" else (),
    )  # fmt: skip
    return ProductFacts(specs=(spec,), answers=answers, proofs=frozenset(proof.code for proof in kind.proofs))


def codes(findings: list[Finding]) -> list[str]:
    return [finding.code for finding in findings]


@for_each_kind
def test_valid_product_has_no_problem_but_missing_delivery(kind: ProductType, settings: Any) -> None:
    settings.CLOUD = ""
    assert codes(check(kind, valid_product(kind))) == ([] if kind.deliverable else ["kind.undeliverable"])


def test_image_needs_a_cloud_adapter_and_an_hourly_price(settings: Any) -> None:
    """Design money.md §8: "Listing an image needs an on-demand offer and an adapter"; §5: billed hourly."""
    kind = product_type("IMAGE")
    settings.CLOUD = ""
    words = reason_undeliverable(kind)
    assert words is not None
    assert words.zh == "本商店尚未对接可用镜像创建云服务器的云平台。"
    settings.CLOUD = "memory"
    assert reason_undeliverable(kind) is None
    hour = SpecFacts(name="a", modes=frozenset(kind.charging_modes), cycles=("hour",))
    month = SpecFacts(name="a", modes=frozenset({ChargingMode.PERIOD}))
    daily = SpecFacts(name="a", modes=frozenset(kind.charging_modes), cycles=("day",))
    facts = valid_product(kind)
    problems = [codes(check(kind, replace(facts, specs=(spec,)))) for spec in (hour, month, daily)]
    assert problems == [[], ["image.on_demand"], ["image.hourly"]]


@for_each_kind
def test_problem_is_in_the_readers_language_with_its_rule(kind: ProductType) -> None:
    for language, other in (("zh-hans", "en"), ("en", "zh-hans")):
        with translation.override(language):
            words = [finding.words for finding in check(kind, ProductFacts())]
        with translation.override(other):
            assert not set(map(str, words)) & {str(finding.words) for finding in check(kind, ProductFacts())}
    assert all(finding.rule for finding in check(kind, ProductFacts()))


@for_each_kind
def test_every_required_answer_is_reported_when_missing(kind: ProductType) -> None:
    facts = valid_product(kind)
    for name in facts.answers:
        question = next(field for field in kind.fields if name in {field.code, f"{field.code}_en"})
        findings = check(kind, replace(facts, answers={**facts.answers, name: "  "}))
        missing = [finding for finding in findings if finding.code == "kind.missing"]
        assert [finding.field for finding in missing] == ([name] if question.required else [])


@for_each_kind
def test_missing_proof_is_reported(kind: ProductType) -> None:
    findings = check(kind, replace(valid_product(kind), proofs=frozenset()))
    assert [finding.field for finding in findings if finding.code == "kind.proof"] == [
        proof.code for proof in kind.proofs
    ]


@for_each_kind
def test_mode_that_a_kind_does_not_have_is_refused(kind: ProductType) -> None:
    for mode in ChargingMode:
        spec = replace(valid_product(kind).specs[0], modes=frozenset({mode}))
        problems = codes(check(kind, replace(valid_product(kind), specs=(spec,))))
        assert ("kind.charging_mode" in problems) == (mode not in kind.charging_modes)


OF_A_SPEC = frozenset({"modes", "template", "attributes", "trial"})


def problems_in(code: str, changes: dict[str, Any]) -> list[str]:
    """Return the problems of a valid product of this kind with these changes."""
    kind = product_type(code)
    facts = valid_product(kind)
    spec = replace(facts.specs[0], **{name: value for name, value in changes.items() if name in OF_A_SPEC})
    others = {name: value for name, value in changes.items() if name not in OF_A_SPEC}
    answers = {**facts.answers, **others.pop("answers", {})}
    findings = check(kind, replace(facts, specs=(spec,), answers=answers, **others))
    return [problem for problem in codes(findings) if problem != "kind.undeliverable"]


@pytest.mark.parametrize(
    ("problems", "code", "changes"),
    [
        (["kind.trial", "supervised.mode"], "LICENSE", {"trial": True}),  # §3.5: "SaaS only"
        ([], "SAAS", {"trial": True}),
        (["kind.multi_sku"], "CONTAINER", {"attributes": ("a", "b")}),  # §3.4: "only SaaS, License, manual service"
        ([], "SAAS", {"attributes": ("a", "b"), "template": Template.CUSTOM}),
        ([], "MANUAL_SERVICE", {"attributes": ("a", "b"), "template": Template.CUSTOM}),
        (["kind.template"], "DATA_FILE", {"template": Template.CUSTOM}),  # §2.5: "simple template with fixed price"
        (["supervised.mode"], "SAAS", {"modes": frozenset({DEMAND}), "answers": {"supervised": YES}}),  # §2.10
        (["supervised.mode"], "SAAS", {"trial": True, "answers": {"supervised": YES}}),
        ([], "SAAS", {"answers": {"supervised": YES}}),
        (["milestones.one"], "CONSULTING", {"answers": {f"milestone_{n}{part}": "" for n in (2, 3, 4, 5) for part in ("", "_en", "_weight")}}),
        (["milestones.incomplete"], "MANUAL_SERVICE", {"answers": {"milestone_3_weight": ""}}),
        (["kind.supervision"], "IMAGE", {"supervised": True}),  # §2.1
        (["data.both_modes"], "DATA_FILE", {"modes": frozenset({PERIOD, ONCE})}),  # §2.1: "never both in one spec"
        (["api.per_use_and_on_demand"], "API_GATEWAY", {"modes": frozenset({DEMAND, ONCE})}),  # §2.5
        ([], "API_GATEWAY", {"modes": frozenset({DEMAND, PACKAGE})}),
        (["api.usage_object"], "API_AGENTS", {"answers": {"by_tokens": YES, "usage_object": NO}}),  # §2.5
        ([], "API_AGENTS", {"answers": {"by_tokens": NO, "usage_object": NO}}),
        (["ai.attributes"], "AI_ASSET", {"template": Template.CUSTOM, "attributes": ("users",)}),  # §2.5
        ([], "AI_ASSET", {"template": Template.CUSTOM, "attributes": ("compute_node", "compute_node_count")}),
        (["kind.answer"], "IMAGE", {"answers": {"size_gb": "129"}}),  # §2.5: "≤ 128 GB"
        (["kind.answer"], "IMAGE", {"answers": {"size_gb": "0"}}),
        (["kind.answer"], "IMAGE", {"answers": {"size_gb": "9" * 5000}}),
        (["kind.answer"], "IMAGE", {"answers": {"size_gb": "1e3"}}),
        (["kind.answer"], "IMAGE", {"answers": {"base_image": "stolen"}}),
        (["kind.answer"], "IMAGE", {"answers": {"operating_system": "a\nb"}}),
        (["kind.answer"], "API_AGENTS", {"answers": {"protocol": "soap"}}),
        ([], "IMAGE", {"answers": {"ports": ""}}),
    ],
)  # fmt: skip
def test_rules_of_the_kinds(problems: list[str], code: str, changes: dict[str, Any]) -> None:
    assert problems_in(code, changes) == problems


def test_ai_asset_has_one_dimension_in_all_its_specs() -> None:
    kind = product_type("AI_ASSET")
    timed = valid_product(kind).specs[0]
    nodes = replace(timed, template=Template.CUSTOM, attributes=("compute_node",))
    simple = replace(timed, template=Template.SIMPLE, attributes=())
    assert "ai.dimensions" in codes(check(kind, replace(valid_product(kind), specs=(simple, nodes))))
    assert "ai.dimensions" not in codes(check(kind, replace(valid_product(kind), specs=(simple, simple))))


WRONG_ENDPOINTS = (
    "http://api.example.com/", "api.example.com/v1", "https://", "https:///v1", "https://me:secret@api.example.com/",
    "https://api.example.com/#a", "https://api.example.com/a b", "javascript:alert(1)", "https://api.example.com:99999/",
    "https://例.example/", "https://localhost/v1", "https://127.0.0.1/v1", "https://api.localhost/", "https://[::1]/", "https://169.254.169.254/",
)  # fmt: skip


@pytest.mark.parametrize("kind", ["API_GATEWAY", "API_AGENTS"])
def test_endpoint_is_an_https_address_without_an_account(kind: str) -> None:
    for wrong in WRONG_ENDPOINTS:
        assert problems_in(kind, {"answers": {ADDRESS: wrong}}) == ["endpoint.address"], wrong
    for right_one in ("https://api.example.com", "https://api.example.com:8443/v1?a=b", "https://192.0.2.1/mcp"):
        assert problems_in(kind, {"answers": {ADDRESS: right_one}}) == [], right_one


OTHER = f"registry.example.com/shop/app@sha256:{'b' * 64}"
WRONG_IMAGES = (
    "localhost:5000/app@sha256:" + "a" * 64, "127.0.0.1:5000/app@sha256:" + "a" * 64,
    "registry.example.com/shop/app:1.2", "nginx@sha256:" + "a" * 64, "registry.example.com/app@sha256:" + "a" * 63,
    "registry.example.com/app@sha256:" + "A" * 64, "registry.example.com/App@sha256:" + "a" * 64, "registry.example.com/app@md5:" + "a" * 32,
    "https://registry.example.com/app@sha256:" + "a" * 64, f"{IMAGE} {OTHER}", f"{IMAGE}\nlatest", "registry.example.com/" + "a/" * 300 + "a@sha256:" + "a" * 64,
)  # fmt: skip


@pytest.mark.parametrize("kind", ["CONTAINER", "APP_ORCHESTRATION"])
def test_images_are_named_by_registry_and_digest(kind: str) -> None:
    """§2.5: the delivered container is the reviewed one; a tag can be moved, a digest cannot."""
    for wrong in WRONG_IMAGES:
        assert problems_in(kind, {"answers": {IMAGES: wrong}}) == ["manifest.image"], wrong
    assert problems_in(kind, {"answers": {IMAGES: f"  {IMAGE}\n\n{OTHER}\n"}}) == []
    assert problems_in(kind, {"answers": {IMAGES: f"{IMAGE}\n{IMAGE.replace(':1.2@', ':1.3@')}"}}) == ["manifest.twice"]
    many = "\n".join(f"r.io/a{n}@sha256:{n:064x}" for n in range(MAX_IMAGES + 1))
    assert problems_in(kind, {"answers": {IMAGES: many}}) == ["manifest.too_many"]


def test_image_name_is_split_into_its_parts() -> None:
    [image, plain] = read_images(f"{IMAGE}\nregistry:5000/app@sha256:{'c' * 64}")
    assert (image.name, image.tag, image.digest) == ("registry.example.com/shop/app", "1.2", f"sha256:{'a' * 64}")
    assert (plain.name, plain.tag) == ("registry:5000/app", "")
    assert image.reference == OTHER.replace("b" * 64, "a" * 64)
