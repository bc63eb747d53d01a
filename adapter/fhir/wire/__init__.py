"""The two formats of FHIR on the wire: JSON and XML, read strictly, written exactly, and negotiated.

A resource inside is always the JSON object (`adapter.model.Resource`). What is read is hostile until read:
every reader is bounded (`limits`), gives an object or raises InputError with the path of the element, and
never quotes a value. https://hl7.org/fhir/R4/json.html, https://hl7.org/fhir/R4/xml.html
"""
