"""Content credentials (C2PA): what a clip's file says of its origin, signed with a certificate."""
