"""FHIR Subscriptions to the findings of a document: read, numbered, told by rest-hook.

Says to a subscriber what the ledger holds. Must not call an endpoint the site did not allow, and must never
show a channel's headers.
"""

from adapter.delivery.subscriptions.desk import Desk
from adapter.delivery.subscriptions.notifier import Notifier
from adapter.delivery.subscriptions.posting import clients
from adapter.delivery.subscriptions.subscription import NotTaken, Rules, Subscription

__all__ = ["Desk", "NotTaken", "Notifier", "Rules", "Subscription", "clients"]
