"""The tables. Times are ISO 8601 in UTC with milliseconds: their order as text is their order in time."""

from sqlalchemy import Boolean, Column, Float, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

FORMAT = 1  # of these tables; a database of another format is refused

METADATA = MetaData()

about = Table("nw_about", METADATA, Column("key", String(64), primary_key=True), Column("value", Text))

version = Table(  # every version of every resource, as it was given
    "nw_version",
    METADATA,
    Column("type", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("at", String(32), nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("content", Text, nullable=False),
)

current = Table(  # which version holds now
    "nw_current",
    METADATA,
    Column("type", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("at", String(32), nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("digest", String(64), nullable=False),  # SHA-256 of the content without id and meta
    Index("nw_current_at", "type", "at", "id"),
    Index("nw_current_digest", "digest"),
)

parameter = Table(  # what current versions can be searched by
    "nw_parameter",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("type", String(64), nullable=False),
    Column("id", String(64), nullable=False),
    Column("name", String(32), nullable=False),
    Column("value", Text, nullable=False),
    Column("high", Text),  # of a date: the first instant after it
    Index("nw_parameter_value", "type", "name", "value"),
    Index("nw_parameter_owner", "type", "id"),
)

work = Table(  # what is to become of each document version
    "nw_work",
    METADATA,
    Column("document", String(64), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("state", String(16), nullable=False),  # accepted, extracted, failed, retracted
    Column("priority", Integer, nullable=False),  # the smaller the sooner
    Column("at", String(32), nullable=False),
    Column("done", String(32)),
    Column("attempts", Integer, nullable=False, default=0),
    Column("hop", Integer, nullable=False, default=0),  # which workflow is in charge
    Column("retracts", Boolean, nullable=False, default=False),
    Column("bundle", Text),  # what was derived
    Column("outcome", Text),  # OperationOutcome: what was left out, or why it failed
    Column("seconds", Float),
    Index("nw_work_state", "state", "at"),
)

delivery = Table(  # where each document version was sent
    "nw_delivery",
    METADATA,
    Column("document", String(64), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("target", String(128), primary_key=True),
    Column("state", String(16), nullable=False),  # waiting, sent, dead, discarded
    Column("hop", Integer, nullable=False, default=0),  # which workflow of the chain is in charge
    Column("attempts", Integer, nullable=False, default=0),
    Column("at", String(32), nullable=False),
    Column("due", String(32)),
    Column("bundle", Text),  # what is sent, where it differs from what was derived
    Column("outcome", Text),  # OperationOutcome of the last failure
    Column("receipt", Text),
    Index("nw_delivery_state", "state", "target", "at"),
)

attempt = Table(  # what came of each attempt at a delivery, and what somebody decided about it; appended
    "nw_attempt",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("document", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("target", String(128), nullable=False),
    Column("at", String(32), nullable=False),
    Column("state", String(16), nullable=False),  # of the delivery since
    Column("due", String(32)),
    Column("outcome", Text),  # OperationOutcome of a failure
    Index("nw_attempt_document", "document", "version"),
)

request = Table(  # what was asked for asynchronously
    "nw_request",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("owner", String(64), nullable=False),  # id of the principal
    Column("at", String(32), nullable=False),
    Column("content", Text, nullable=False),
)

audit = Table(  # AuditEvents, appended and never changed
    "nw_audit",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("at", String(32), nullable=False),
    Column("content", Text, nullable=False),
    Index("nw_audit_at", "at"),
)

reading = Table(  # what was found in each document as it stands, before anybody judged it, for those who do
    "nw_reading",
    METADATA,
    Column("document", String(64), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("at", String(32), nullable=False),
    Column("risk", Float, nullable=False),  # of the finding most in doubt that nobody has judged
    Column("open", Integer, nullable=False),  # findings in doubt that nobody has judged
    Column("verdicts", Integer, nullable=False),  # number of the last verdict that took effect
    Column("content", Text, nullable=False),
    Index("nw_reading_risk", "risk"),
)

verdict = Table(  # what reviewers said of findings; appended and never changed
    "nw_verdict",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("at", String(32), nullable=False),
    Column("who", String(64), nullable=False),  # the same for the same person
    Column("name", Text, nullable=False),  # as the person was called then
    Column("document", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("action", String(16), nullable=False),  # accept, reject, change, add, withdraw
    Column("digest", String(64), nullable=False),  # SHA-256 of the text
    Column("start", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("kind", String(32), nullable=False),  # as it was found
    Column("content", Text, nullable=False),  # the finding before and after, and the sentence it stands in
    Index("nw_verdict_document", "document"),
)

subscription = Table(  # where each Subscription stands; what it asks for is in its resource
    "nw_subscription",
    METADATA,
    Column("id", String(64), primary_key=True),  # of the Subscription
    Column("owner", String(64), nullable=False),  # id of the principal
    Column("fhir", String(8), nullable=False),  # "r4" or "r5"
    Column("base", Text, nullable=False),  # our base URL as the owner knows it
    Column("status", String(16), nullable=False),  # requested, active, error, off
    Column("headers", Text, nullable=False),  # of the channel, with their secrets
    Column("events", Integer, nullable=False, default=0),  # numbered so far
    Column("sent", Integer, nullable=False, default=0),  # the last one that arrived
    Column("failures", Integer, nullable=False, default=0),  # in a row
    Column("wakes", Integer, nullable=False, default=0),  # how often somebody was sent to look
    Column("driver", Integer),  # which notice tries again
    Column("due", String(32)),  # and when
    Column("wake", String(32)),  # when somebody must look if nothing happens before
    Column("lease", String(32)),  # until when one notice has it for itself
    Column("holder", String(80)),  # and which
    Column("last", String(32)),  # when something arrived
    Column("ends", String(32)),
    Column("error", String(32)),  # code of the last failure
    Index("nw_subscription_wake", "wake"),
    Index("nw_subscription_owner", "owner"),
)

event = Table(  # what happened, numbered for each Subscription
    "nw_event",
    METADATA,
    Column("subscription", String(64), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("document", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("before", Integer),  # the version of the document that held before
    Column("at", String(32), nullable=False),
    UniqueConstraint("subscription", "document", "version", name="nw_event_once"),
    Index("nw_event_at", "at"),
)

submission = Table(  # a bulk submission: what somebody asks to be fetched, in any number of manifests
    "nw_submission",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("owner", String(64), nullable=False),  # id of the principal
    Column("submitter", Text, nullable=False),  # "system|value"
    Column("name", String(256), nullable=False),  # submissionId
    Column("state", String(16), nullable=False),  # in-progress, completed, stopped
    Column("at", String(32), nullable=False),
    Column("changed", String(32), nullable=False),
    Column("hop", Integer, nullable=False, default=0),  # which workflow of the chain is in charge
    Column("busy", Boolean, nullable=False),  # there is something to do
    UniqueConstraint("owner", "submitter", "name", name="nw_submission_name"),
    Index("nw_submission_busy", "busy", "changed"),
)

manifest = Table(  # a list of files; further pages of one are manifests of the same root
    "nw_manifest",
    METADATA,
    Column("submission", String(64), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("root", Integer, nullable=False),  # number of the first page
    Column("url", Text, nullable=False),
    Column("state", String(16), nullable=False),  # waiting, reading, done, discarding, discarded
    Column("fhir", String(8), nullable=False),
    Column("base", Text, nullable=False),  # FHIR base URL of where the documents come from
    Column("headers", Text),  # for the requests, with their secrets; gone at the end
    Column("replaces", Integer),  # root number of the manifest it stands for
    Column("attempts", Integer, nullable=False, default=0),
)

bulk_file = Table(  # a file of a manifest
    "nw_file",
    METADATA,
    Column("submission", String(64), primary_key=True),
    Column("manifest", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),  # from 1
    Column("url", Text, nullable=False),
    Column("state", String(16), nullable=False),  # waiting, done, failed
    Column("lines", Integer, nullable=False, default=0),  # dealt with so far
    Column("accepted", Integer, nullable=False, default=0),
    Column("refused", Integer, nullable=False, default=0),
    Column("digest", String(64)),  # SHA-256 of what was fetched first
    Column("attempts", Integer, nullable=False, default=0),
)

line = Table(  # what became of each line; line 0 is its file, file 0 its manifest
    "nw_line",
    METADATA,
    Column("submission", String(64), primary_key=True),
    Column("manifest", Integer, primary_key=True),
    Column("file", Integer, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("document", String(64)),
    Column("version", Integer),
    Column("brought", Boolean, nullable=False, default=False),  # the document is here because of this line
    Column("outcome", Text),  # OperationOutcome: why it was refused
    Index("nw_line_document", "document"),
)

worker = Table(  # who is alive
    "nw_worker",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("seen", String(32), nullable=False),
)

session = Table(  # who is signed in through a browser
    "nw_session",
    METADATA,
    Column("key", String(64), primary_key=True),  # SHA-256 of what the browser holds
    Column("once", String(64), nullable=False, unique=True),  # of the sign-in it came from
    Column("seen", String(32), nullable=False),
    Column("ends", String(32), nullable=False),
    Column("sealed", Text, nullable=False),  # who it is, readable with what the browser holds alone
    Index("nw_session_ends", "ends"),
)
