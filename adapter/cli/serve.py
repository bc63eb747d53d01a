"""`notewright serve` and `notewright worker`: the FHIR endpoint, and the work behind it."""

import ctypes
import signal
import sys
import threading
from contextlib import nullcontext
from functools import partial

import uvicorn

from adapter import workbench
from adapter.api import authority, opening
from adapter.api.admission import admission
from adapter.api.app import application
from adapter.api.service import Service
from adapter.api.site import Site
from adapter.api.watching import logs, tracing
from adapter.api.watching.audit import Access, Trail
from adapter.api.watching.requests import Limits
from adapter.cli.bench import furnished
from adapter.cli.streams import say
from adapter.cli.workbench import people
from adapter.errors import SettingsError
from adapter.settings import Settings

_ARENA_MAX, _ARENAS = -8, 2


def serve(settings: Settings) -> int:
    """Answers until it is told to stop; work under way may finish then."""
    _few_arenas()
    site = opening.read_site(settings)
    with (
        opening.service(settings, site, say) as service,
        furnished(settings, bench(settings, service, site), install=site.workbench.install) as pages,
    ):
        undo = logs.configure(settings.log_level)
        try:
            app = application(
                service,
                limits=_limits(site),
                tls=_tls(site),
                tracing=tracing.opened(),
                more=workbench.routes(pages),
            )
            origin = f"{'https' if site.server.tls_certificate else 'http'}://{_where(settings)}"
            say(f"listening on {origin}/fhir; the workbench is at {origin}/workbench")
            uvicorn.Server(_config(settings, site, app)).run()
        finally:
            undo()
    return 0


def worker(settings: Settings) -> int:
    """Works on the queues until it is told to stop."""
    _few_arenas()
    site = opening.read_site(settings)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with opening.parts(settings, site, works=True, progress=say) as parts:
        if not parts.database.shared:
            raise SettingsError("workers need PostgreSQL: SQLite is worked on by `notewright serve` itself")
        undo = logs.configure(settings.log_level)
        say("working")
        stopped.wait()
        undo()
    return 0


def bench(settings: Settings, service: Service, site: Site | None = None) -> workbench.Bench:
    """The workbench of a service, open to whoever its security lets in."""
    sign_in = authority.sign_in(settings, site, service.database, service.trail) if site else None
    return workbench.Bench(
        admit=people(admission(service.authenticator, service.limiter), sign_in),
        sign_in=sign_in,
        version=service.version,
        pipeline=service.pipeline,
        engine=settings.engine,
        fhir=service.fhir,
        turn=service.gate.urgent if service.gate else nullcontext,
        terminology=service.terminology,
        audit=partial(_audited, service.trail),
        reviews=service.reviews,
        documents=workbench.Documents(
            database=service.database,
            decisions=service.decisions,
            notes=service.deriver.notes if service.deriver else None,
        ),
    )


def _audited(trail: Trail, act: workbench.Act) -> None:
    """What is done at the workbench is in the audit before it is answered."""
    for patient in act.patients or (None,):
        trail.record(
            Access(
                interaction=act.interaction,
                request_id=act.request_id,
                status=act.status,
                type="DocumentReference",
                id=act.document,
                version=act.version,
                patient=patient,
                principal=act.person.id or act.person.name,
                name=act.person.name,
                person=act.person.signed_in,
                address=act.address,
                operation=act.what if act.interaction == "operation" else None,
                query=act.query,
                digest=act.digest,
            )
        )


def _few_arenas() -> None:
    """Threads share two heaps: glibc would give each its own, and keep what the largest note needed in all.

    M_ARENA_MAX, https://man7.org/linux/man-pages/man3/mallopt.3.html; elsewhere there is nothing to do.
    """
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(_ARENA_MAX, _ARENAS)


def _config(settings: Settings, site: Site, app: object) -> uvicorn.Config:
    server = site.server
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        proxy_headers=False,
        limit_concurrency=server.connections,
        timeout_graceful_shutdown=server.shutdown,
        timeout_keep_alive=75,
        h11_max_incomplete_event_size=64 * 1024,
        ssl_certfile=server.tls_certificate,
        ssl_keyfile=server.tls_key,
    )


def _limits(site: Site) -> Limits:
    server = site.server
    return Limits(body=server.body, seconds=server.body_seconds, headers=server.headers)


def _tls(site: Site) -> bool:
    return site.server.tls_proxy or site.server.tls_certificate is not None


def _where(settings: Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{host}:{settings.port}"
