"""Schema changes of casework."""
