"""The networks that may stand below the classifier's head: what there is, how each is built, which parts learn."""
