"""What there is to run, and running it by DVC."""
