"""One training of a study, a cell, told in figures; and a study's cells in a table beside the report's figures."""
