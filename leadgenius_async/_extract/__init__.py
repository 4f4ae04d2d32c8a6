"""Bulk lists → files.

query (what is asked for) → plan (partitions) → chain (pages, fetched ahead) → columns or lines
(decoded) → sinks (part files) → dataset (commit, manifest) → report.
"""
