"""Intervals, trends and comparisons: pure arithmetic on values and per-sample scores."""
