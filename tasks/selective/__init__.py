"""Calibrated, selective predictions of a classifier: probabilities that hold, and abstention."""
