"""Where data and models are kept besides here."""
