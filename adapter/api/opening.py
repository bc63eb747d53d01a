"""Settings and site -> an open service or worker. Closed in reverse order.

What is missing or contradictory is a SettingsError before the first request is taken.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Literal

import httpx

import terminology
from adapter import assembly, egress, engines, reviews
from adapter.api import authority, bulk
from adapter.api import site as sites
from adapter.api.security.insecure import check_start
from adapter.api.security.ratelimit import Limiter
from adapter.api.service import Queue, Service
from adapter.api.site import Site
from adapter.api.watching import audit, metrics
from adapter.api.watching.health import Check
from adapter.delivery import credentials, opening, subscriptions, targets
from adapter.delivery.retry import Policy
from adapter.errors import SettingsError
from adapter.fhir.systems import Version
from adapter.jobs import Bounds, Courier, Deriver, Gate, Options, Posted, Submitter, Workflows
from adapter.ledger import Database, audits, deliveries, work
from adapter.ledger import opened as open_database
from adapter.ledger.resources import Stored
from adapter.model import Issue, Resource
from adapter.pipeline import Pipeline
from adapter.release import software_version
from adapter.settings import Settings
from mappings import Files, concepts
from terminology.fhir import Service as Terminology
from terminology.fhir.maps import ConceptMap

LASTING = Policy(attempts=14, first=1.0, longest=3600.0)  # of a delivery: about six hours in all
ONCE = Policy(attempts=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a process that serves or works has open."""

    database: Database
    jobs: Workflows
    deriver: Deriver | None
    pipeline: Pipeline
    gate: Gate
    metrics: metrics.Metrics
    store: terminology.Store
    options: Options
    submitter: Submitter | None
    desk: subscriptions.Desk
    reviewers: reviews.Desk
    questions: engines.Questions | None


@contextmanager
def service(
    settings: Settings, site: Site, progress: Callable[[str], None] | None = None
) -> Iterator[Service]:
    """An open service whose queues are worked on, unless other processes do that (`settings.workers`)."""
    letting = authority.of(settings, site)
    check_start(letting, settings.host, settings.insecure_local)
    assert letting is not None
    with parts(settings, site, works=not settings.workers, progress=progress) as open_parts:
        keys = site.security.client_keys
        yield Service(
            database=open_parts.database,
            jobs=open_parts.jobs,
            deriver=open_parts.deriver,
            pipeline=open_parts.pipeline,
            gate=open_parts.gate,
            authenticator=letting,
            trail=_trail(open_parts.database, settings, site),
            metrics=open_parts.metrics,
            version=software_version(),
            fhir=_version(settings),
            base=site.server.base_url.rstrip("/") if site.server.base_url else None,
            terminology=terminologies(open_parts.store, settings.files),
            limiter=Limiter(rate=site.server.rate, burst=site.server.burst),
            checks=_checks(open_parts),
            queue=Queue(site.work.queue),
            submitter=open_parts.submitter,
            questions=open_parts.questions,
            subscriptions=open_parts.desk,
            reviews=open_parts.reviewers,
            jwks=credentials.read_all(keys, None).public() if keys else None,
        )


@contextmanager
def parts(
    settings: Settings, site: Site, *, works: bool, progress: Callable[[str], None] | None = None
) -> Iterator[Parts]:
    """The open parts; with `works`, the queues are worked on until the context ends."""
    with ExitStack() as stack:
        database = stack.enter_context(open_database(settings.database or default_database()))
        store = stack.enter_context(assembly.opened_store(settings, progress))
        pipeline = stack.enter_context(assembly.opened(settings, progress, store))
        opened = _targets(stack, settings)
        posted = {name: _posted(one) for name, one in opened.items()}
        measured = _metrics(database, posted)
        gate = Gate(settings.cores + 1)
        doubts = reviews.load(settings.files)
        derive = Deriver(
            database,
            pipeline,
            gate,
            targets=posted,
            versions=[_version(settings), *(one.fhir for one in posted.values())],
            fetch=_fetch(site, opened),
            timed=measured.stage,
            review=reviews.Reviewers(database, pipeline, doubts),
        )
        courier = Courier(
            database, posted, told=lambda target, what: measured.delivery(target, failed=what == "failed")
        )
        rules = _rules(site, derive.versions)
        notifier = subscriptions.Notifier(database, subscriptions.clients(rules.egress), rules)
        options = _options(settings, site)
        submitter = _submitter(database, site, lambda: jobs)
        if submitter:
            stack.callback(submitter.close)
        jobs = Workflows(
            database,
            derive=derive.derive if works else None,
            deliver=courier.attempt if works else None,
            submit=submitter.step if works and submitter else None,
            publish=notifier.publish if works else None,
            notice=notifier.notice if works else None,
            remind=notifier.beat if works else None,
            options=options,
        )
        stack.enter_context(jobs.running(patience=site.server.shutdown))
        yield Parts(
            database=database,
            jobs=jobs,
            deriver=derive,
            pipeline=pipeline,
            gate=gate,
            metrics=measured,
            store=store,
            options=options,
            submitter=submitter,
            questions=engines.questions(settings, pipeline.engine, stack),
            desk=subscriptions.Desk(rules, jobs.tell),
            reviewers=reviews.Desk(database, pipeline, doubts, start=jobs.accept, read=derive.reviewable),
        )


def read_site(settings: Settings) -> Site:
    """The site's file."""
    return sites.read(settings.site)


def default_database() -> str:
    """The SQLite file in the user's state folder."""
    home = os.environ.get("XDG_STATE_HOME")
    folder = (Path(home) if home else Path.home() / ".local" / "state") / "notewright"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return f"sqlite:///{folder / 'ledger.sqlite'}"


def _version(settings: Settings) -> Version:
    return "r5" if settings.fhir == "r5" else "r4"


def _rules(site: Site, versions: tuple[Version, ...]) -> subscriptions.Rules:
    """What subscribers may ask for."""
    chosen, egressed = site.subscriptions, site.egress
    policy = egress.allowing(egressed.hosts, egressed.networks, total_seconds=egressed.seconds)
    return subscriptions.Rules(
        egress=policy,
        versions=versions,
        most=chosen.most,
        heartbeat=chosen.heartbeat,
        timeout=chosen.timeout,
        retention=timedelta(days=chosen.retention_days),
    )


def _options(settings: Settings, site: Site) -> Options:
    chosen = site.work
    return Options(
        derive=chosen.derive or settings.cores + 1,
        deliver=chosen.deliver,
        polling=chosen.polling,
        beat=chosen.beat,
        overdue=chosen.overdue,
        retention=chosen.retention,
    )


def _targets(stack: ExitStack, settings: Settings) -> Mapping[str, opening.Open]:
    """The targets, open. One attempt a sending: patience is the workflows' affair."""
    files = settings.files
    found = targets.read(settings.targets, files) if settings.targets else ()
    return {
        target.name: stack.enter_context(opening.opened(target, os.environ, policy=ONCE, files=files))
        for target in found
    }


def _posted(opened: opening.Open) -> Posted:
    target = opened.target
    return Posted(
        name=target.name,
        sink=opened.sink,
        fhir=target.fhir,
        adapt=partial(_adapted, opened),
        policy=LASTING if target.retry == Policy() else target.retry,
    )


def _adapted(opened: opening.Open, bundle: Resource) -> Resource | None:
    kept = opened.adapted(bundle).kept
    return kept[0] if kept else None


def _fetch(
    site: Site, opened: Mapping[str, opening.Open]
) -> Callable[[Resource], tuple[Resource, tuple[Issue, ...]]] | None:
    """How attachments that lie elsewhere are brought; None where no host is allowed."""
    chosen = site.egress
    if not chosen.hosts and not chosen.source:
        return None
    types = frozenset({"*/*"})
    policy = egress.allowing(chosen.hosts, chosen.networks, types=types, total_seconds=chosen.seconds)
    local = _source(chosen.source, policy, opened) if chosen.source else egress.attachments.no_local
    return partial(egress.inlined, fetch=partial(egress.fetch, policy=policy), local=local)


def _source(name: str, policy: egress.Policy, opened: Mapping[str, opening.Open]) -> egress.SourceServer:
    """The server whose Binary resources may be read, with its credentials."""
    one = opened.get(name)
    if one is None:
        raise SettingsError("egress.source is not the name of a target")
    headers = one.auth.headers if one.auth else dict[str, str]
    return egress.SourceServer(base=one.target.url, policy=policy, headers=headers)


def _submitter(database: Database, site: Site, jobs: Callable[[], Workflows]) -> Submitter | None:
    """Who works on bulk submissions; None where no host is allowed. Half of the queue is left to others."""
    if not site.egress.hosts:
        return None
    chosen = site.bulk

    def start(one: Stored) -> None:  # outside the step that calls: workflows cannot be begun in one
        Context().run(partial(jobs().accept, one.id, one.version, priority=work.BATCH))

    return Submitter(
        database,
        egress.allowing(site.egress.hosts, site.egress.networks, total_seconds=site.egress.seconds),
        accept=bulk.accept,
        start=start,
        bounds=Bounds(
            file=chosen.file,
            line=chosen.line,
            lines=chosen.lines,
            seconds=chosen.seconds,
            waiting=max(1, site.work.queue // 2),
        ),
    )


def _metrics(database: Database, posted: Mapping[str, Posted]) -> metrics.Metrics:
    def documents() -> Mapping[str, int]:
        with database.reading() as tx:
            dead = sum(count for (_, state), count in deliveries.counts(tx).items() if state == "dead")
            return {**work.counts(tx), "dead": dead}

    def queue() -> metrics.Queue:
        with database.reading() as tx:
            oldest = work.oldest(tx)
            age = (tx.moment - datetime.fromisoformat(oldest)).total_seconds() if oldest else 0.0
            return metrics.Queue(depth=work.counts(tx).get(work.ACCEPTED, 0), age=max(0.0, age))

    states = (work.ACCEPTED, work.EXTRACTED, work.FAILED, work.RETRACTED, "dead")
    stages = (*metrics.STAGES, "derive")
    return metrics.Metrics(documents=documents, queue=queue, targets=posted, states=states, stages=stages)


def _trail(database: Database, settings: Settings, site: Site) -> audit.Trail:
    """The audit of this process: a chain of its own, named by when it began."""

    def append(event: Resource) -> None:
        with database.writing() as tx:
            audits.append(tx, event)

    with database.reading() as tx:
        chain = f"{tx.now}-{os.getpid()}"
    key = site.security.audit_key
    base = site.server.base_url or f"http://{settings.host}:{settings.port}/fhir"
    name = httpx.URL(base).host or "notewright"
    secret = key.secret(os.environ).reveal().encode() if key else b""
    return audit.Trail(append, site=audit.Site(name=name, base=base), chain=chain, key=secret)


def terminologies(store: terminology.Store, files: Files) -> Mapping[Version, Terminology]:
    """The FHIR operations on a store, in each version."""
    versions: tuple[tuple[Version, Literal["R4", "R5"]], ...] = (("r4", "R4"), ("r5", "R5"))
    return {
        version: Terminology(
            store=store,
            fhir_version=name,
            concept_maps=tuple(ConceptMap.of(one, name) for one in concepts.resources(name, files)),
        )
        for version, name in versions
    }


def _checks(open_parts: Parts) -> tuple[Check, ...]:
    def database() -> bool:
        with open_parts.database.reading() as tx:
            return work.oldest(tx) is not None or True

    def store() -> bool:
        return bool(open_parts.store.manifest.digest)

    def model() -> bool:
        return open_parts.deriver is not None

    return tuple(Check(name=run.__name__, run=run) for run in (database, store, model))
