"""Where data and models are kept besides here, and what of them the disk may lose."""
