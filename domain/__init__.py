"""What calling people means. Pure functions of their arguments: no I/O, no clock, no Temporal."""
