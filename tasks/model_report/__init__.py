"""Writes what a person reads of a model: a page with the verdict and what it rests on, and a model card."""
