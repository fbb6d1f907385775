"""What `python -m flows` can be asked to do: typed functions, whose imports happen when they run."""
