"""How a delivery is supervised (服务监管, business-rules §2.10): one module a flow, each with a ``FLOW``."""
