"""`python -m selfservice`: the same as `loket`."""

from selfservice.commands import main

main()
