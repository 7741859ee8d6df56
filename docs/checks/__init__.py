"""`make check` runs these on all documents: what they say of links, settings, metrics and commands is so."""
