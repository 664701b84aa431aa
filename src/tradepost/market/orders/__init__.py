"""Orders: place, pay, cancel, renew, change and refund. Each module is named after its verb."""
