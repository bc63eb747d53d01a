"""Files that are there whole or not at all: nobody ever sees half of one."""

import os
import secrets
from pathlib import Path


def write(path: Path, data: bytes) -> None:
    """Puts data in the place of a file, through one beside it that is synced and renamed. Raises OSError."""
    made = path.with_name(f".{secrets.token_hex(8)}")
    try:
        with made.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)
