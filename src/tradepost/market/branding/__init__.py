"""The market's branding: its name, logo, colour, footer, company and contact details."""
