"""Run the benchmarks: ``python -m benchmarks [--only NAME]... [--quick]``."""

from __future__ import annotations

import argparse
import logging
import sys
import time
import traceback
from importlib import import_module

from benchmarks import report
from benchmarks.row import Options, Row, Verdict

# In the order of the table. Imported one by one, so that what one needs costs no other memory.
MODULES = (
    "first_sight",
    "other_algorithms",
    "seen_before",
    "asgi_servers",
    "wsgi_server",
    "frameworks",
    "made_up_keys",
    "opaque_tokens",
    "many_issuers",
    "shared_scale",
    "token_memory",
    "import_cost",
    "hostile_requests",
    "storms",
)

_TO_RUN = "to run"


def main() -> int:
    """Measure, print, and keep the results of a run in which nothing failed: a whole one, or
    the parts that are to be kept.

    Fails when a benchmark could not be run, never for what one measured.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=MODULES, metavar="NAME", default=[])
    parser.add_argument("--quick", action="store_true", help="fewer rounds; rough figures")
    parser.add_argument("--keep", action="store_true", help="keep what --only measured, too")
    parser.add_argument("--list", action="store_true", help="print the names, measure nothing")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(MODULES))
        return 0
    # What a benchmark provokes on purpose is not news.
    logging.getLogger("bearer_guard").setLevel(logging.CRITICAL)
    options = Options(quick=arguments.quick)
    sections = [(name, _run(name, options)) for name in arguments.only or MODULES]
    report.show([row for _, rows in sections for row in rows])
    failed = any(row.target == _TO_RUN for _, rows in sections for row in rows)
    if not arguments.quick and not failed and (arguments.keep or not arguments.only):
        (report.replace if arguments.only else report.write)(sections)
        print(f"\nKept in benchmarks/{report.RESULTS.name}.")
    return 1 if failed else 0


def _run(name: str, options: Options) -> list[Row]:
    print(f"{name} …", end=" ", flush=True, file=sys.stderr)
    before = time.perf_counter()
    try:
        rows: list[Row] = import_module(f"benchmarks.{name}").measure(options)
    except Exception as error:
        # One row that cannot be measured leaves the others their place, and is not reached.
        traceback.print_exc()
        rows = [Row(name, f"failed: {type(error).__name__}", _TO_RUN, Verdict.NO)]
    print(f"{time.perf_counter() - before:.0f} s", file=sys.stderr)
    return rows


if __name__ == "__main__":
    sys.exit(main())
