"""What a client may hold of this process before and while its request is answered."""

HEADER_BYTES = 64 * 1024  # of a request's head, RFC 6585's 431 beyond it
HEADER_COUNT = 100
HEADER_SECONDS = 10.0  # for the head to arrive, from the connection or its first byte on
MAX_CONNECTIONS = 4000  # of one process, about 20 KB each; beyond them those that send no request are closed
MAX_REQUESTS = 400  # at work at once, in one process; others are refused with Retry-After
MAX_REQUESTS_OF_A_KEY = 40  # of those, with one API key
LARGE_BODY_BYTES = 16 * 1024  # a body beyond it, or of no length that is told, is a file or a list
MAX_LARGE_OF_A_KEY = 20  # such bodies at once: they are read one after the other, so that more would only wait
MAX_CALLBACKS = 400  # the same of carriers: clients do not crowd them out
BODY_GRACE_SECONDS = 30.0  # a body may take so long,
BODY_BYTES_PER_SECOND = 16 * 1024  # and as long again as it takes at this rate
BODY_IDLE_SECONDS = 20.0  # between two pieces of it
SEND_IDLE_SECONDS = 20.0  # a download of which no byte is taken for so long is given up,
SEND_GRACE_SECONDS = 30.0  # and so is one that takes longer than this
SEND_BYTES_PER_SECOND = 16 * 1024  # and what it takes at this rate
