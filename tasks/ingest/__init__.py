"""Decodes every delivered file once, to images of one size, and says of each file that came what became of it."""
