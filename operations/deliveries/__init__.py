"""Deliveries: added, held, reviewed and removed."""
