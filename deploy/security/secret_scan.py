"""Looks for tokens and private keys in files under version control, by detect-secrets."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from detect_secrets.core.scan import scan_file
from detect_secrets.settings import transient_settings

DETECTORS = (
    "AWSKeyDetector",
    "AzureStorageKeyDetector",
    "DiscordBotTokenDetector",
    "GitHubTokenDetector",
    "GitLabTokenDetector",
    "JwtTokenDetector",
    "OpenAIDetector",
    "PrivateKeyDetector",
    "PypiTokenDetector",
    "SlackDetector",
)
"""Those that know a secret by its form.

Those that guess by names and entropy find nothing but hashes and examples here.
"""


@dataclass(frozen=True, slots=True)
class FoundSecret:
    """Where a secret stands, and what kind it is."""

    file: str
    line: int
    kind: str


def tracked_texts(root: Path) -> list[str]:
    """Return the names of all text files under version control."""
    command = ["git", "grep", "--cached", "-I", "-l", "-z", ""]
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
    return [name for name in listed.stdout.split("\0") if (root / name).is_file()]


def find_secrets(root: Path, files: Sequence[str]) -> list[FoundSecret]:
    """Return the secrets in these files of a folder."""
    found = []
    with transient_settings({"plugins_used": [{"name": name} for name in DETECTORS]}):
        for name in files:
            found += [
                FoundSecret(name, secret.line_number, secret.type)
                for secret in scan_file(str(root / name))
            ]
    return found
