"""Money of what was used: rates, charges, debts, arrears (business-rules §5)."""
