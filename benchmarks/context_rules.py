"""How long the context rules take to load, language after language, and what memory the process then holds.

python benchmarks/context_rules.py [--languages de en fr nl]
"""

import argparse
import resource
import time

from adapter import context


def peak() -> int:
    """The most memory the process has held until now, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    """A line a language."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--languages", nargs="+", default=["de", "en", "fr", "nl"])
    languages = parser.parse_args().languages
    print(f"before any: peak {peak()} MiB")
    shelf = context.Shelf(languages)
    for language in languages:
        began = time.perf_counter()
        rules = shelf[language]
        took = time.perf_counter() - began
        print(f"{rules.language}: {took:.2f} s, peak {peak()} MiB")


if __name__ == "__main__":
    main()
