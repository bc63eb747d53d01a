"""What operators and auditors see: logs, metrics, traces, health and the audit trail.

Nothing here may show the words of a note, an identifier of a patient, a token or a secret.
"""
