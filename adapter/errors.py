"""Everything that can go wrong, in one tree.

NotewrightError
+- InputError              what was posted cannot be read            (bad input: raise)
|  +- NotADocument         no DocumentReference in it
|  +- EgressRefused        a URL in it is not one that Notewright may call
+- EgressFailed            a URL that may be called gave no usable answer
|  +- NotAcceptable        no answer in a format or version that was asked for
|  +- UnsupportedMediaType a body in a format, version or charset that is not read
+- EngineError             the extraction engine failed              (unavailable: raise)
|  +- ModelError           a model file is missing, broken or not what was expected
+- EmissionError           a Bundle we built is not valid            (our bug: raise)
+- DeliveryError           a target did not take the Bundle
   +- TargetUnavailable    worth trying again
   +- TargetRefused        the target said no; trying again will not help
+- LedgerError             the database cannot be used
|  +- LedgerUnavailable    it cannot be reached or is busy          (worth trying again)
+- RestError               what was asked of the FHIR endpoint cannot be done as asked
|  +- UnknownResource      404
|  +- Gone                 410
|  +- PreconditionFailed   412
|  +- Busy                 429
+- SettingsError           contradictory or unreadable configuration
+- AccessError             a caller of the API is not let in
   +- NotAuthenticated     we do not know who calls                  (401)
   +- NotAllowed           the caller's scopes do not reach this far (403)
   +- TooManyRequests      later                                     (429)
   +- SignInFailed         signing in through a browser did not work (403)

An incomplete result is not an error: it is an `Issue` in a Step's left-outs. Each class carries the
FHIR issue type (https://hl7.org/fhir/R4/valueset-issue-type.html) its doors report, and its docstring is
the message used when none is given. Messages name elements and never quote a note.
"""

from adapter.model import Issue


class NotewrightError(Exception):
    """Notewright could not do this."""

    issue_code = "exception"
    retryable = False

    def __init__(self, message: str | None = None, *, path: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())
        self.path = path

    def issue(self) -> Issue:
        """This error as the issue an OperationOutcome carries."""
        return Issue(
            code=self.issue_code,
            reason=type(self).__name__,
            message=str(self),
            severity="error",
            path=self.path,
        )


class InputError(NotewrightError):
    """The input cannot be read."""

    issue_code = "structure"


class NotADocument(InputError):
    """The input holds no DocumentReference."""

    issue_code = "invalid"


class NotAcceptable(InputError):
    """None of the formats and FHIR versions that were asked for can be given."""

    issue_code = "not-supported"


class UnsupportedMediaType(InputError):
    """The body is in a format, FHIR version or charset that is not read."""

    issue_code = "not-supported"


class EgressRefused(InputError):
    """The URL may not be called."""

    issue_code = "forbidden"

    def __init__(
        self, message: str | None = None, *, path: str | None = None, rule: str = "refused", code: str = ""
    ) -> None:
        super().__init__(message, path=path)
        self.rule = rule  # stable key for counting, e.g. "host-not-allowed"
        self.issue_code = code or self.issue_code


class EgressFailed(NotewrightError):
    """The URL gave no usable answer."""

    issue_code = "transient"
    retryable = True

    def __init__(self, message: str | None = None, *, path: str | None = None, lasting: bool = False) -> None:
        super().__init__(message, path=path)
        if lasting:  # the same call will fail again
            self.issue_code, self.retryable = "processing", False


class EngineError(NotewrightError):
    """The extraction engine failed."""

    issue_code = "transient"
    retryable = True


class ModelError(EngineError):
    """The model file is missing or is not a token classifier."""

    issue_code = "exception"
    retryable = False


class EmissionError(NotewrightError):
    """The Bundle that was built is not valid FHIR; this is a defect of Notewright."""

    issue_code = "exception"


class DeliveryError(NotewrightError):
    """The target did not take the Bundle."""

    issue_code = "transient"


class TargetUnavailable(DeliveryError):
    """The target cannot be reached or is busy."""

    retryable = True


class TargetRefused(DeliveryError):
    """The target refused the Bundle."""

    issue_code = "processing"


class SettingsError(NotewrightError):
    """The configuration is contradictory or unreadable."""

    issue_code = "invalid"


class LedgerError(NotewrightError):
    """The database cannot be used."""

    issue_code = "exception"


class LedgerUnavailable(LedgerError):
    """The database cannot be reached or is busy."""

    issue_code = "transient"
    retryable = True


class RestError(NotewrightError):
    """This cannot be done as asked."""

    issue_code = "processing"
    status = 422


class UnknownResource(RestError):
    """There is no such resource."""

    issue_code = "not-found"
    status = 404


class Gone(RestError):
    """The resource was deleted."""

    issue_code = "deleted"
    status = 410


class PreconditionFailed(RestError):
    """A precondition does not hold."""

    issue_code = "conflict"
    status = 412


class AccessError(NotewrightError):
    """The caller is not let in."""

    issue_code = "security"


class NotAuthenticated(AccessError):
    """Valid credentials are needed."""

    issue_code = "login"

    def __init__(self, error: str = "") -> None:
        super().__init__()
        self.error = error  # an error code of RFC 6750, section 3.1; empty when nothing was presented


class NotAllowed(AccessError):
    """The scopes of the caller do not allow this."""

    issue_code = "forbidden"


class TooManyRequests(AccessError):
    """Too many requests; try again later."""

    issue_code = "throttled"
    retryable = True

    def __init__(self, retry_after: int = 1) -> None:
        super().__init__()
        self.retry_after = retry_after  # seconds


class SignInFailed(AccessError):
    """Signing in did not work."""

    issue_code = "login"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason  # stable key for logs and audit, such as "state"


class Busy(RestError):
    """The queue is past its bound."""

    issue_code = "throttled"
    status = 429
