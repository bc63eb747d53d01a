"""The FHIR API over HTTP: a door."""
