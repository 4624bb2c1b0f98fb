"""The commands and buttons of clips that are made of several."""
