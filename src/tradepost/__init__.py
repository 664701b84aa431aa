"""Tradepost (商埠): a cloud software marketplace, the kit that plugs a seller into it, and the tester that proves the fit."""

__version__ = "0.1.0"
