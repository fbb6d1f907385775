"""Finds images that are no cells at all, with no exemplar and no share given beforehand."""
