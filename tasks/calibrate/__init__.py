"""Calibrates a network: its temperature, its confidence threshold, its out-of-distribution detector."""
