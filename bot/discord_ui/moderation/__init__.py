"""Reports of clips, and what moderators do about them."""
