"""Content credentials (C2PA) as files carry them; needs c2pa-python, which workers have."""
