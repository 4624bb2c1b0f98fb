"""Files that the page keeps for a person for a while, and how much of the disk they may take."""
