"""The commands /privacy, /export and /forget-me."""
