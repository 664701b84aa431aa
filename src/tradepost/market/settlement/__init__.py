"""Settlement: earnings of sellers, the market's fee, and payouts (business-rules §8)."""
