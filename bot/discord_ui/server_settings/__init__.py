"""The command /settings: one message with pages of menus, for who manages a server."""
