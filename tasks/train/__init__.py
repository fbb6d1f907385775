"""Trains the classifier: a head on frozen features, then the last blocks of the backbone on augmented images."""
