"""Synthetic clinical notes in four languages that know their mentions, assertions, codes and identifiers."""
