"""Deliveries: what people hand in, checked and unpacked, and the one reader of `data/raw/NAME`."""
