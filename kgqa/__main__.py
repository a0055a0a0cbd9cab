"""``python -m kgqa`` is ``kgqa``."""

from kgqa.cli import main

if __name__ == "__main__":
    main()
