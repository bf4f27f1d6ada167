"""`python -m bench [KIND …] [--quick]`: Loket beside named peers, as ratios of one run on one machine."""

from __future__ import annotations

import argparse
import importlib
import sys

# The word of the command line, and the module that holds the benchmark, or those.
KINDS = {
    "build": "build",
    "serve": "serve",
    "weight": "page_weight",
    "signin": "sign_in account_journeys",
    "steps": "access_code_steps account_steps",
    "register": "register_import",
    "letters": "letters",
    "delivery": "orders_import",
    "orders": "orders",
    "downloads": "downloads",
    "people": "many_visitors",
    "slow": "slow_connections",
    "startup": "startup",
}


def main() -> None:
    """Run the benchmarks asked for (all by default); progress goes to standard error, tables to standard output."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"{', '.join(KINDS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="smaller and fewer rounds: a first impression")
    arguments = parser.parse_args()
    if unknown := set(arguments.kinds) - KINDS.keys():
        parser.error(f"there is no benchmark {min(unknown)!r}")
    for kind in arguments.kinds or KINDS:
        for name in KINDS[kind].split():
            module = importlib.import_module(f"bench.{name}")
            print(module.run(quick=arguments.quick, progress=_print_progress), flush=True)


def _print_progress(text: str) -> None:
    print(f"  {text} …", file=sys.stderr, flush=True)


main()
