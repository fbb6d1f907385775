"""How the pictures of each delivery were acquired, as data/deliveries.yaml says: bit depth and scale."""
