"""Features of every image, by the network that curation and training share."""
