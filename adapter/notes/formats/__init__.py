"""PDF, RTF and CDA -> text. `sandbox` is the door; the readers themselves run in a child process.

The readers import nothing of the rest of the adapter, so that the child starts fast.
"""
