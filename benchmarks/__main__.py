"""`python -m benchmarks` is `python -m benchmarks.networks`: the table of all networks."""

from benchmarks.networks.__main__ import main

main()
