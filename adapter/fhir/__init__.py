"""The vocabulary of FHIR: systems, references, identifiers, outcomes, and the check of what leaves.

Knows the words of the standard (R4 and R5) and nothing of notes, engines or policies.
"""
