"""Everything that can go wrong, in one tree.

NotewrightError
+- InputError              what was posted cannot be read            (bad input: raise)
|  +- NotADocument         no DocumentReference in it
|  +- NotAcceptable        no answer in a format or version that was asked for
|  +- UnsupportedMediaType a body in a format, version or charset that is not read
+- EngineError             the extraction engine failed              (unavailable: raise)
|  +- ModelError           a model file is missing, broken or not what was expected
+- EmissionError           a Bundle we built is not valid            (our bug: raise)
+- DeliveryError           a target did not take the Bundle
   +- TargetUnavailable    worth trying again
   +- TargetRefused        the target said no; trying again will not help
+- SettingsError           contradictory or unreadable configuration

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
