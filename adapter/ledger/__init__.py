"""What was accepted and what became of it, in one database: SQLite by default, PostgreSQL for many workers.

Accepted means stored here before the answer. Modules of functions over one transaction: `resources`
(versions of FHIR resources), `work` (a row for each document version), `deliveries` (a row for each
document version and target).
"""

from adapter.ledger.database import Database, Transaction, opened

__all__ = ["Database", "Transaction", "opened"]
