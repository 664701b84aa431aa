"""Supervised delivery: delivery steps, acceptance, rejection, appeals, and money held until acceptance (business-rules
§2.10)."""
