"""``tradepost seller``: sellers of a market, and a seller's own server; neither imports what only the other needs."""

from __future__ import annotations

from cyclopts import App

seller = App(name="seller", help="Make sellers of a market; make and run a seller's own server.")
seller.command("tradepost.cli.accounts:create_seller", name="create", help="Make a seller and its owner in a market.")
seller.command(
    "tradepost.cli.seller_new:new", name="new", help="Make a seller's project that runs and passes the tester."
)
seller.command(
    "tradepost.cli.seller_keypair:keypair", name="keypair", help="Make the RSA keys of a joint-operation credential."
)
seller.command("tradepost.cli.seller_serve:serve", name="serve", help="Run a seller's server.")
