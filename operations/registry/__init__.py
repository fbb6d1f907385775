"""The champion: the model that is in use, those before it, and how one takes its place."""
