"""Decodes every delivered file once, to pictures of one size, and says of each file that came what became of it."""
