"""Says what new deliveries bring, and how far they lie from the training set in class shares, colour and embeddings."""
