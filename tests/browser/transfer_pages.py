"""Pages of balances, transfers, unmatched money and the books, in every relevant state: a part of ``pages``."""

from __future__ import annotations

from tests.browser.view import View

TOP_UP = 'main form[action$="/top-up/"] button[type=submit]'
PROOF = "#proof button[type=submit]"
CHECK = 'main form[action$="/confirm/"] button[type=submit]'
ARRIVAL = (("input[name=bank_number]", "ICBC-9"), ("input[name=payer]", "蓝田精密"))
RECORD = 'main form[action$="/record/"] button[type=submit]'
ASSIGN = 'main form[action$="/assign/"] button[type=submit]'

OF_TRANSFERS: dict[str, dict[str, View]] = {
    "buyer": {
        "balance-narrowed": View("/balance/?kind=refund&from=2020-01-01&to=2020-01-02"),
        "top-up": View("/balance/top-up/"),
        "top-up-wrong": View("/balance/top-up/", (("input[name=amount]", "0"),), TOP_UP),
        "transfers": View("/balance/transfers/"),
        "withdrawals": View("/balance/withdrawals/"),
        "withdrawal-new": View("/balance/withdraw/"),
        "transfers-nothing-fits": View("/balance/transfers/?status=withdrawn"),
        "transfer-waits": View("/balance/transfers/{waiting transfer}/"),
        "transfer-no-file": View("/balance/transfers/{waiting transfer}/", (), PROOF),
        "transfer-withdraw": View("/balance/transfers/{waiting transfer}/", press='[data-dialog="withdraw-transfer"]'),
        "transfer-shown": View("/balance/transfers/{shown transfer}/"),
        "transfer-booked": View("/balance/transfers/{booked transfer}/"),
        "transfer-refused": View("/balance/transfers/{refused transfer}/"),
    },
    "seller": {
        "seller-repay": View("/seller/settlements/repay/"),
        "seller-repayments": View("/seller/settlements/repayments/"),
        "seller-repayment": View("/seller/settlements/repayments/{repayment}/"),
        "seller-repayment-withdraw": View(
            "/seller/settlements/repayments/{repayment}/", press='[data-dialog="withdraw-payment"]'
        ),
        "seller-repayment-shown": View("/seller/settlements/repayments/{shown repayment}/"),
    },
    "newcomer": {"empty-transfers": View("/balance/transfers/")},
    "operator": {
        "console-approvals": View("/console/approvals/"),
        "console-approval-limit": View("/console/approvals/limit/"),
        "console-corrections": View("/console/ledger/corrections/"),
        "console-debts": View("/console/ledger/debts/"),
        "console-withdrawals": View("/console/withdrawals/"),
        "console-transfers": View("/console/transfers/"),
        "console-transfers-mistyped": View("/console/transfers/?q=TAAAAAAAAA"),
        "console-transfer": View("/console/transfers/{shown intent}/"),
        "console-transfer-of-a-seller": View("/console/transfers/{repayment intent}/"),
        "console-transfer-booked": View("/console/transfers/{booked intent}/"),
        "console-transfer-wrong": View(
            "/console/transfers/{shown intent}/", (("input[name=amount]", "1e9"), *ARRIVAL), CHECK
        ),
        "console-transfer-confirm": View("/console/transfers/{shown intent}/", ARRIVAL, CHECK),
        "console-unmatched": View("/console/unmatched/"),
        "console-unmatched-confirm": View("/console/unmatched/", (("input[name=amount]", "5"), *ARRIVAL), RECORD),
        "console-unmatched-one": View("/console/unmatched/{unmatched}/"),
        "console-unmatched-wrong": View(
            "/console/unmatched/{unmatched}/",
            (("input[name=whose]", "who@nowhere.example"), ("input[name=note]", "x")),
            ASSIGN,
        ),
        "console-unmatched-assign": View(
            "/console/unmatched/{unmatched}/",
            (("input[name=whose]", "buyer@lantian.example"), ("input[name=note]", "x")),
            ASSIGN,
        ),
        "console-ledger-kind": View("/console/ledger/?kind=buyer&currency=CNY"),
        "console-ledger-sellers": View("/console/ledger/sellers/"),
    },
}
