"""Predictions for images that nobody labelled: read, judged and written as they come, in bounded memory."""
