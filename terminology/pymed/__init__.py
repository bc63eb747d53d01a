"""PyMedTermino as an optional second reader of a store's hierarchy: the store is exported, the library asked.

`export.snomedct` and `export.icd10` write the library's own database files; `backend.PymedBackend` asks the
library, `native.NativeBackend` the store itself, both as a `model.HierarchyBackend`. Only `backend` needs
the library, and loads it when one is opened.
"""
