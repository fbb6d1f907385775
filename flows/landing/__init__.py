"""From the drop folder to a delivery, or to the quarantine."""
