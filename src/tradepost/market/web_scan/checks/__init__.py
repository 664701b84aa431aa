"""Checks of a web site, one a module: see ``web_scan.contract``."""
