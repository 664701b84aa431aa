"""Supervised delivery: what people hand over, accept, reject and appeal, and the money that waits for it (business-rules §2.10)."""
