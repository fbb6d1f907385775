"""What the project's files say: the list of deliveries, the stages, and DVC's files."""
