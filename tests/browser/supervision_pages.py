"""Pages of supervised deliveries in every relevant state: a part of ``pages``."""

from __future__ import annotations

from tests.browser.view import View

CONFIRMS = 'main form[action$="/act/"] button[type=submit]'
CANCELS = 'main form[action$="/cancel/"] button[type=submit]'

OF_DELIVERIES: dict[str, dict[str, View]] = {
    "buyer": {
        "deliveries": View("/supervision/"),
        "delivery-begun": View("/supervision/{begun delivery}/"),
        "delivery-milestone": View("/supervision/{milestone}/"),
        "delivery-to-accept": View("/supervision/{delivered}/"),
        "delivery-disputed": View("/supervision/{disputed}/"),
        "delivery-accepted": View("/supervision/{accepted}/"),
        "delivery-goods-sent": View("/supervision/{goods sent}/"),
        "delivery-goods-back": View("/supervision/{goods back}/"),
        "delivery-goods-returned": View("/supervision/{goods returned}/"),
        "delivery-code-ready": View("/supervision/{code ready}/"),
        "delivery-code-taken": View("/supervision/{code in hand}/"),
    },
    "newcomer": {"empty-deliveries": View("/supervision/")},
    "seller": {
        "seller-supervisions": View("/seller/supervision/"),
        "seller-supervisions-mine": View("/seller/supervision/?status=mine"),
        "seller-delivery-asked": View("/seller/supervision/{delivered}/"),
        "seller-delivery-accepted": View("/seller/supervision/{accepted}/"),
        "seller-delivery-to-send": View("/seller/supervision/{goods addressed}/"),
        "seller-delivery-goods-returned": View("/seller/supervision/{goods returned}/"),
        "seller-delivery-code-taken": View("/seller/supervision/{code in hand}/"),
    },
    "operator": {
        "console-supervisions": View("/console/supervision/"),
        "console-supervisions-all": View("/console/supervision/?status="),
        "console-delivery-disputed": View("/console/supervision/{disputed}/"),
        "console-delivery-goods-returned": View("/console/supervision/{goods returned}/"),
    },
}
