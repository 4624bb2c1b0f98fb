"""Workers that come with work and end by themselves: `python -m deploy.autoscale --local`."""
