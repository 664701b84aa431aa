"""What a person at the market decides: submissions, their clock, their reasons."""
