"""``python -m tinyae``."""

import sys

from .cli.parser import main

if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # there may be none
            stream.reconfigure(errors="replace")  # where it cannot show a name or a sign
    sys.exit(main())
