"""Checks of the source tree and its dependencies: `python -m deploy.security`."""
