"""Run every bench that needs nothing more than requirements-dev.txt: `python -m bench`."""

from bench import answers, chart, reports, scores, weights, whole

for bench in (answers, chart, reports, scores, weights, whole):
    print(f"\n{(bench.__doc__ or '').splitlines()[0]}")
    bench.run()
