"""People judge what was found: doubts order it, verdicts are kept, what stands is derived and delivered anew.

doubts     why a finding is in doubt               desk       queue, document, verdicts, sending
standing   verdicts -> what reviewers say          changing   an answer -> a verdict
judging    findings and verdicts -> what stands    reviewing  as those who derive documents hear it
writing    what stands -> the Bundle               forms      findings as JSON
agreement  how alike reviewers judge               examples   verdicts -> validated examples
shots      examples as answers of a task
"""

from adapter.ledger.verdicts import Reviewer
from adapter.reviews.changing import Change, Words
from adapter.reviews.desk import Desk, Opened, Queue
from adapter.reviews.doubts import load
from adapter.reviews.reviewing import Reviewers

__all__ = ["Change", "Desk", "Opened", "Queue", "Reviewer", "Reviewers", "Words", "load"]
