"""Files of other people, and our own: read with bounds and in words, written whole and with a checksum.

Every YAML, JSON, CSV, NPZ or text file that a user can hand in is opened here, so that a bound or a check that one
of them needs is there for all: its size, its encoding, its depth, its aliases, its numbers. What is wrong is raised
as the error that the caller names (who must act), with the file and the line.
"""
