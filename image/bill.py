"""`python -m image bill`: prints the software bill of materials that was made with the image.

It lies beside the program, written by the Dockerfile; in a checkout there is none.
"""

from __future__ import annotations

import sys
from pathlib import Path

BILL = Path(__file__).resolve().parents[1] / "bill.cdx.json"


def main(path: Path = BILL) -> int:
    """Print the bill; 1 where there is none."""
    try:
        sys.stdout.write(path.read_text("utf-8"))
    except FileNotFoundError:
        sys.stderr.write(f"{path} is not there: only an image has a bill\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
