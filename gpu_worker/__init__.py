"""The GPU worker: takes orders from the queue and makes clips of them."""
