"""`python -m sidecar` is `quanheng`."""

from sidecar.cli import main

main()
