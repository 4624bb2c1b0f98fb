"""The processes of one machine: started, watched and stopped together."""
