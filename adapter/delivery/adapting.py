"""A Bundle made to a target's wishes before it is sent: its filter, its profile pack, its organization.

What a profile asks and the document does not tell is said to be unknown where the profile allows that; else
the resource is left out and told. Nothing is ever made up. The same Bundle gives the same result.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import mappings
from adapter.delivery import linking, packs
from adapter.delivery.filtering import Filter
from adapter.delivery.packs import Absent, Pack, Profile, Unmet
from adapter.errors import EmissionError, SettingsError
from adapter.fhir import check, systems
from adapter.fhir.systems import Version
from adapter.model import Issue, Resource, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a target wants."""

    fhir: Version
    pack_name: str
    pack: Pack
    filter: Filter = field(default_factory=Filter)
    organization: Resource | None = None  # Reference: on whose behalf the Device speaks


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fitted:
    """An entry made to the pack, or nothing, and what is to be told of it."""

    entry: Resource | None
    issue: Issue | None = None


def wishes(
    fhir: Version,
    pack: str,
    *,
    filter: Filter | None = None,
    organization: Resource | None = None,
    unmet: Unmet | None = None,
    files: mappings.Files = mappings.SHIPPED,
) -> Wishes:
    """The wishes of a target that names a pack of `files`; `unmet` overrules what the pack says of it.

    SettingsError if there is no such pack or it is not for the FHIR version.
    """
    if pack not in packs.names(files):
        raise SettingsError(f"There is no such profile pack; there are {', '.join(packs.names(files))}")
    found = packs.load(pack, files)
    if fhir not in found.fhir:
        raise SettingsError(f"The profile pack {pack} is not for FHIR {fhir}")
    return Wishes(
        fhir=fhir,
        pack_name=pack,
        pack=found.model_copy(update={"unmet": unmet or found.unmet}),
        filter=filter or Filter(),
        organization=organization,
    )


def adapt(bundle: Resource, wanted: Wishes) -> Step[Resource]:
    """The Bundle as the target wants it, and what was left out and why.

    Raises EmissionError if the result is not valid FHIR of the target's version.
    """
    entries, issues = [], []
    for number, entry in enumerate(bundle.get("entry", [])):
        fitted = _fitted(entry, wanted, f"Bundle.entry[{number}].resource")
        entries += [fitted.entry] if fitted.entry else []
        issues += [fitted.issue] if fitted.issue else []
    urls = {str(entry.get("fullUrl")) for entry in bundle.get("entry", [])}
    gone = urls - {str(entry.get("fullUrl")) for entry in entries}
    adapted = {**bundle, "entry": linking.without(entries, gone)}
    _checked(adapted, wanted)
    return Step(name="delivery", kept=(adapted,), left_out=tuple(issues))


def _fitted(entry: Resource, wanted: Wishes, path: str) -> _Fitted:
    resource = entry["resource"]
    unwanted = wanted.filter.against(resource)
    if unwanted is not None:
        return _Fitted(entry=None, issue=_left_out(resource, unwanted, path))
    resource = _represented(resource, wanted.organization)
    profile = wanted.pack.of(resource)
    if profile is None:
        lacking, made = wanted.pack.unfit(resource), resource
    else:
        told = _told(resource, profile)
        lacking, made = next(profile.lacking(told), None), _profiled(told, profile.profile)
    if lacking is None:
        return _Fitted(entry=entry | {"resource": made})
    stays = wanted.pack.unmet == "unprofiled"
    return _Fitted(
        entry=entry | {"resource": resource} if stays else None,
        issue=_unmet(resource, lacking, wanted, path),
    )


def _represented(resource: Resource, organization: Resource | None) -> Resource:
    """A Provenance whose agents speak on behalf of the organization, where they name none."""
    if organization is None or resource.get("resourceType") != "Provenance":
        return resource
    agents = [{**agent, "onBehalfOf": agent.get("onBehalfOf", organization)} for agent in resource["agent"]]
    return resource | {"agent": agents}


def _told(resource: Resource, profile: Profile) -> Resource:
    """The resource with the reasons why elements are absent."""
    return resource | {f"_{one.element}": _absence(one) for one in _absent(resource, profile)}


def _absent(resource: Resource, profile: Profile) -> Iterator[Absent]:
    for one in profile.absent:
        if one.when.holds(resource) and not packs.present(resource, one.choice):
            yield one


def _absence(absent: Absent) -> Resource:
    return {"extension": [{"url": systems.ABSENT, "valueCode": absent.reason}]}


def _profiled(resource: Resource, profile: str) -> Resource:
    """The resource that says which profile it follows, after those it says already."""
    meta = resource.get("meta", {})
    said = list(dict.fromkeys([*meta.get("profile", []), profile]))
    return resource | {"meta": {**meta, "profile": said}}


def _checked(adapted: Resource, wanted: Wishes) -> None:
    issues = check.bundle(adapted, wanted.fhir)
    if issues:
        first = issues[0]
        said = f"The Bundle adapted to {wanted.pack_name} is not valid {wanted.fhir}: {first.message}"
        raise EmissionError(said, path=first.path)


def _left_out(resource: Resource, reason: str, path: str) -> Issue:
    kind = resource.get("resourceType")
    return Issue(
        code="suppressed",
        reason=reason,
        message=f"The target does not want this {kind} ({reason}); it was not sent",
        severity="information",
        path=path,
    )


def _unmet(resource: Resource, element: str, wanted: Wishes, path: str) -> Issue:
    kind, pack = resource.get("resourceType"), wanted.pack
    outcome = "it was sent without a profile" if pack.unmet == "unprofiled" else "it was not sent"
    return Issue(
        code="required",
        reason="profile-unmet",
        message=f"The pack {wanted.pack_name} asks for {kind}.{element}, which is not there; {outcome}",
        severity="warning",
        path=f"{path}.{element}",
    )
