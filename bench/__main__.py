"""`python -m bench [KIND …] [--quick]`: Loket beside named peers, as ratios of one run on one machine."""

from __future__ import annotations

import argparse
import importlib
import sys

KINDS = (
    "build", "serve", "weight", "signin", "steps", "register", "letters", "delivery", "orders", "downloads",
    "people", "slow", "startup",
)  # fmt: skip


def main() -> None:
    """Run the benchmarks asked for (all by default); progress goes to standard error, tables to standard output."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"{', '.join(KINDS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="smaller and fewer rounds: a first impression")
    asked = parser.parse_args()
    if unknown := set(asked.kinds) - set(KINDS):
        parser.error(f"there is no benchmark {min(unknown)!r}")
    for kind in asked.kinds or KINDS:
        report = importlib.import_module(f"bench.{kind}").run(quick=asked.quick, tell=_tell)
        print(report, flush=True)


def _tell(text: str) -> None:
    print(f"  {text} …", file=sys.stderr, flush=True)


main()
