"""Bad input through `notewright convert`: what each line becomes, and that the run goes on.

    python benchmarks/bad_input.py --store STORE

One line a defect, a good document last. Prints for each line what came back: the issues of its
OperationOutcome, with their place in the line, or the number of entries of its Bundle; then the exit code.
"""

import argparse
import base64
import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

TEXT = "Hypertension. Denies chest pain. Takes lisinopril 10 mg daily."


def document(data: bytes, kind: str = "text/plain; charset=utf-8") -> dict:
    """A DocumentReference with this attachment."""
    attachment = {"contentType": kind, "data": base64.b64encode(data).decode()}
    return {
        "resourceType": "DocumentReference",
        "id": "d1",
        "status": "current",
        "subject": {"reference": "Patient/example"},
        "content": [{"attachment": attachment}],
    }


def bundle(resource: dict, depth: int) -> dict:
    """A resource in Bundles in Bundles."""
    for _ in range(depth):
        resource = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": resource}]}
    return resource


def cases() -> Iterator[tuple[str, str]]:
    """What is wrong, and the line."""
    good = document(TEXT.encode())
    without_subject = {key: value for key, value in good.items() if key != "subject"}
    not_base64 = copy.deepcopy(good)
    not_base64["content"][0]["attachment"]["data"] = "SGVsbG8*"
    remote = copy.deepcopy(good)
    remote["content"][0]["attachment"] = {"contentType": "text/plain", "url": "https://ehr.example/Binary/1"}
    yield "truncated JSON", json.dumps(good)[:120]
    yield "not JSON", "MSH|^~\\&|EHR"
    yield "wrong resourceType", json.dumps({"resourceType": "Patient", "id": "p1"})
    yield "no content", json.dumps({"resourceType": "DocumentReference", "status": "current"})
    yield "invalid base64", json.dumps(not_base64)
    yield "attachment of 50 MB", json.dumps(document(TEXT.encode() * 807_000))
    yield "binary labelled text", json.dumps(document(bytes(range(256)) * 20))
    yield "PDF labelled PDF", json.dumps(document(b"%PDF-1.7", "application/pdf"))
    yield "unknown charset", json.dumps(document(TEXT.encode(), "text/plain; charset=klingon"))
    yield "empty attachment", json.dumps(document(b""))
    yield "attachment elsewhere", json.dumps(remote)
    yield "missing subject", json.dumps(without_subject)
    yield "Bundle in Bundle", json.dumps(bundle(good, 2))
    yield "300 Bundles deep", json.dumps(bundle(good, 300))
    yield "good", json.dumps(good)


def came_back(resource: dict) -> list[str]:
    """A line of output in words."""
    if resource["resourceType"] == "Bundle":
        return [f"Bundle of {len(resource['entry'])} entries"]
    return [
        f"{one['severity']} {one['code']}: {one.get('diagnostics', '')} {one.get('expression', '')}"
        for one in resource["issue"]
    ]


def main() -> None:
    """Prints what came back for each line, and the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, required=True)
    options = parser.parse_args()
    names, lines = zip(*cases(), strict=True)
    command = [sys.executable, "-m", "adapter", "convert", "--input", "-", "--output", "-", "--quiet"]
    command += ["--terminology", str(options.store)]
    done = subprocess.run(
        command, input="\n".join(lines) + "\n", stdout=subprocess.PIPE, text=True, check=False
    )
    for name, line in zip(names, done.stdout.splitlines(), strict=True):
        for number, said in enumerate(came_back(json.loads(line))):
            print(f"{'' if number else name:<22} {said}")
    print(f"exit code {done.returncode}")


if __name__ == "__main__":
    main()
