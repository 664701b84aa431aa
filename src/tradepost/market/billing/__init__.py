"""Billing of usage: rates, charges, debts and arrears (business-rules §5)."""
