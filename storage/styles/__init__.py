"""Files of styles: what one may hold, and the folder that the operator fills."""
