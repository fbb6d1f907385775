"""Corrupts pictures, always in the same way: validation pictures, by which a training is judged, and the benchmark of
the test. Nothing trains on either."""
