"""The camera motion that a prompt names, read from English and Chinese words."""
