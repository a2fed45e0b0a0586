"""`python -m portal`."""

from portal.cli.command import main

main()
