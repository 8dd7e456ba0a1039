"""`python -m hypertuner` is the `hypertuner` command."""

from hypertuner.cli.main import main

main()
