"""Folders in which deliveries land."""
