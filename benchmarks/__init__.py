"""One script a claim, each a ratio to a named peer, or a figure against planted truth, in one run."""
