"""One training of a study, a trial, told in figures; and a study's trials in a table beside the report's figures."""
