"""`python -m export --quantize`."""

from export.cli import main

if __name__ == "__main__":
    main()
