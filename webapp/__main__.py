"""`python -m inkling`, or in a checkout `python -m webapp`: see `command`."""

from .command import main

main()
