"""Demands for products that the store does not offer, and complaints about sellers (business-rules §9)."""
