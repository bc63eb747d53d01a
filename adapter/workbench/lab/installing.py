"""A draft made the site's own, where the site lets it."""

from starlette.responses import Response

from adapter.drafts import Installed
from adapter.errors import InputError, UnknownResource
from adapter.workbench.acts import told
from adapter.workbench.lab.listing import address, base, book, drafted, owner
from adapter.workbench.page import Asked, sent_to


def install(asked: Asked) -> Response:
    """Installs a draft, when somebody says so once more; it is in the audit before it is done."""
    installer = book(asked.bench).installer
    if installer is None:
        raise UnknownResource("Mappings are not installed from this workbench.")
    if asked.form.get("sure") != "yes":
        raise InputError("Nothing was installed: tick the box to say that you mean it.")
    draft = drafted(asked)

    def heard(version: Installed) -> None:
        told(asked, "$mappings-install", status=303, digest=version.digest)

    installer.install(draft, base(asked.bench), owner(asked), heard)
    return sent_to(f"{address(draft.name)}?said=installed")
