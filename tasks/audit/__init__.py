"""Asks a model that is trusted what it thinks of a new delivery's labels, before anything is learnt from them."""
