"""Run the benches that need nothing more than requirements-dev.txt: `python -m bench [names]`."""

import sys

from bench import answers, chart, costs, delivery, orders, reports, scores, weights, whole

for bench in (answers, chart, costs, delivery, orders, reports, scores, weights, whole):
    if bench.__name__.rpartition(".")[2] in (sys.argv[1:] or bench.__name__):
        print(f"\n{(bench.__doc__ or '').splitlines()[0]}")
        bench.run()
