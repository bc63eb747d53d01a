"""Clinical documents in, coded FHIR resources out, every fact traceable to its characters."""
