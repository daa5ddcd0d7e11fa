"""Run the benches that need nothing more than requirements-dev.txt: `python -m bench [names]`."""

import sys

from bench import answers, chart, costs, delivery, orders, reports, scores, soak, weights, whole

NAMED_ONLY = (soak,)

for bench in (answers, chart, costs, delivery, orders, reports, scores, weights, whole, soak):
    name = bench.__name__.rpartition(".")[2]
    if name in sys.argv[1:] or (not sys.argv[1:] and bench not in NAMED_ONLY):
        print(f"\n{(bench.__doc__ or '').splitlines()[0]}")
        bench.run()
