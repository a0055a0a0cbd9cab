"""The verbs of the command line, by what they work on; ``kgqa.cli`` puts them together."""
