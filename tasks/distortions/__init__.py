"""Distorts pictures, always in the same way: validation pictures, by which a training is judged, and the suite of the
test. Nothing trains on either."""
