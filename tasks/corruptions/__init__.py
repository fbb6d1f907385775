"""Corrupts images, always in the same way: validation images, by which a training is judged, and the benchmark of
the test. Nothing trains on either."""
