"""Checks of a web site: one module each, see ``web_scan.contract``."""
