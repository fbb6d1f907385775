"""What happened: records of runs, and what follows from them."""
