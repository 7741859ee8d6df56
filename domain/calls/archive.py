"""When the calls of an ended job go to the archive."""

# Longer than anybody looks back at the calls to a number: `overlapDays` by 30 days at most, caps by 7.
MIN_ARCHIVE_DAYS = 31
