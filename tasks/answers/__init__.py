"""Honest answers of a classifier: probabilities that mean what they say, and when it gives no answer at all."""
