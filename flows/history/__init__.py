"""What happened: a record of each run, told in words, and walked back from a model."""
