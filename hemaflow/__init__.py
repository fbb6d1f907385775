"""The command line: `hemaflow --help`."""
