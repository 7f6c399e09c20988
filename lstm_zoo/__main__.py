"""`python -m lstm_zoo`: the command line."""

from .cli import main

main()
