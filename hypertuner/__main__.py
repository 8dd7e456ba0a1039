"""`python -m hypertuner` is the `hypertuner` command."""

from cli.main import main

main()
