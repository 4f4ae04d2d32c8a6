"""`python -m leadgenius_async` is the `leadgenius` command."""

from leadgenius_async.cli import main

if __name__ == "__main__":
    main()
