"""The cohort's matching held against peers, on the same instances, in one run. See benchmarks/README.md."""
