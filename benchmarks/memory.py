"""Peak memory of a command on long inputs: it must not grow with the number of lines.

    python benchmarks/memory.py --store STORE --lines 10000 1000000
    python benchmarks/memory.py --store STORE --command extract --lines 200 2000

Feeds so many lines to `notewright code` (or `extract`) through a pipe and prints the peak resident memory of
the process, and that every line came back.
"""

import argparse
import json
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path

TERMS = ("hypertension", "type 2 diabetes", "hypertention", "left knee pain", "no such thing at all", "CHF")
NOTE = "He denies chest pain. Has hypertension and gout. Takes lisinopril 10 mg daily. "


def line(number: int, command: str) -> str:
    """One line of input; no two notes are the same."""
    text = TERMS[number % len(TERMS)] if command == "code" else f"Visit {number}. " + NOTE * 8
    return json.dumps({"id": number, "text": text}) + "\n"


def run(command: str, count: int, options: list[str]) -> tuple[int, float]:
    """Lines that came back, and seconds."""
    arguments = [
        sys.executable,
        "-m",
        "adapter",
        command,
        "--input",
        "-",
        "--output",
        "-",
        "--quiet",
        *options,
    ]
    began = time.perf_counter()
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        stdin = process.stdin

        def feed() -> None:
            for number in range(count):
                stdin.write(line(number, command))
            stdin.close()

        threading.Thread(target=feed).start()
        returned = sum(1 for _ in process.stdout)
    return returned, time.perf_counter() - began


def main() -> None:
    """Prints one row for each number of lines, smallest first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--command", choices=("code", "extract"), default="code")
    parser.add_argument("--lines", type=int, nargs="+", default=[10_000, 1_000_000])
    options = parser.parse_args()
    for count in sorted(options.lines):
        returned, seconds = run(options.command, count, ["--terminology", str(options.store)])
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        speed = returned / seconds
        print(f"{options.command} {count:,} lines: {returned:,} back, {speed:,.0f}/s, peak {peak:.0f} MiB")


if __name__ == "__main__":
    main()
