"""Distorts validation pictures, always in the same way: what a training is judged on, and never augmented with."""
