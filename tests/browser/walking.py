"""A chapter of history.py: a seller on the industrial road, with a half-answered checklist and a test event that
received a text.
"""

from __future__ import annotations


def walk(_seller_url: str) -> dict[str, str]:
    from tradepost.market.base import clock
    from tradepost.market.debugging.api_trials import TriedUpload, note_order_query, open_event, take_upload
    from tradepost.market.identity.models import Seller
    from tradepost.market.industrial_road.retrofit import ItemAnswer, answer
    from tradepost.protocols.commands import GetLicenseAsync

    now, seller = clock.now(), Seller.objects.get(slug="qingxie")
    done = ("initialise", "fingerprint", "https", "signature", "in_time", "one_instance", "signed", "order_query")
    said = {code: ItemAnswer(says="met") for code in done} | {
        "one_license": ItemAnswer(says="not_yet", note="重复申请的去重逻辑正在开发，预计下周完成。"),
        "usage": ItemAnswer(says="not_needed", note="只在客户内网使用，不在公有云销售。"),
    }
    answer(seller, said, by="owner@qingxie.example", now=now)
    event = "7b0c2f4e-5a1d-4f0e-9f3b-2c8d1e6a9b74"
    open_event(seller.pk, GetLicenseAsync(instance_id="i-1", event_id=event, effective_at=now, test=True), now=now)
    take_upload(seller.pk, TriedUpload(event_id=event, sha256="9f86d081" * 8, size=12), now=now)
    note_order_query(seller.pk, "MOCKPERIODYEARNEW", now=now)
    return {}
