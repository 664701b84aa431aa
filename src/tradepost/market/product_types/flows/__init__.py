"""Flows of supervised delivery (服务监管, business-rules §2.10): one module each, with a ``FLOW``."""
