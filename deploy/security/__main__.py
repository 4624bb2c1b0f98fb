"""Looks for secrets in the tree and known vulnerabilities of what is installed.

Exit status 1 where either is found.
"""

from __future__ import annotations

import sys
from pathlib import Path

from deploy.security.secret_scan import find_secrets, tracked_texts
from deploy.security.vulnerabilities import audit

ROOT = Path(__file__).resolve().parent.parent.parent


def main() -> int:
    """Print what was found; return the exit status."""
    files = tracked_texts(ROOT)
    secrets = find_secrets(ROOT, files)
    for secret in secrets:
        print(f"{secret.file}:{secret.line}: {secret.kind}")
    print(f"{len(files)} files searched for secrets: {len(secrets)} found")
    result = audit()
    for line in result.lines():
        print(line)
    return 1 if secrets or result.vulnerabilities else 0


if __name__ == "__main__":
    sys.exit(main())
