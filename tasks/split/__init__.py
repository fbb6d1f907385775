"""Assigns images to train, val and test, so that no split ever moves and no copy stands in two of them."""
