"""Features of every picture, by the network that curation and training share."""
