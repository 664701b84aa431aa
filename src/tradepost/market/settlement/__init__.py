"""What sellers earned, what the market keeps of it, and how the rest is paid out (business-rules §8)."""
