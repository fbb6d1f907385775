"""Says whether a new model may take the champion's place, from the records of both over the same test rows."""
