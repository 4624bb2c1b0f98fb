"""`python -m deploy.local.load`: the bot under a long queue and a long history."""
