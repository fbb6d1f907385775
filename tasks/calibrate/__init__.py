"""Makes a network's outputs an honest answer: temperature, when to abstain, what to refuse as foreign."""
