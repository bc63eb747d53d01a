"""Synthetic clinical notes in four languages that know every mention, assertion, relation, code and identifier."""
