"""Which tests one of several processes runs together, and which are begun first."""

# By what their names begin with; the longest first, so that no process is idle at the end.
TOGETHER = (  # they share a server, or one file takes minutes
    "tests/end_to_end/batches/",
    "tests/end_to_end/stack/",
    "tests/api/test_by_its_description",
    "tests/end_to_end/test_console",
    "tests/chaos/",
    "tests/workflows/test_carrier_outages",
    "tests/docs/test_site",
    "tests/conformance/asterisk",
    "tests/asterisk/",
    "tests/conformance/twilio",
    "tests/conformance/tincan",
)
EARLY = ("tests/workflows/", "tests/api/", "tests/activities/")  # file by file, as all others


def unit_of(nodeid: str) -> str:
    """A name that all tests of one unit share."""
    name = _by_bed(nodeid)
    return next((unit for unit in TOGETHER if name.startswith(unit)), nodeid.partition("::")[0])


def turn_of(nodeid: str) -> int:
    """The lower, the earlier."""
    name, order = _by_bed(nodeid), (*TOGETHER, *EARLY)
    return next((turn for turn, start in enumerate(order) if name.startswith(start)), len(order))


def _by_bed(nodeid: str) -> str:
    """A conformance test's first parameter, its bed, in place of its file."""
    file, _, parameters = nodeid.partition("[")
    return f"tests/conformance/{parameters}" if file.startswith("tests/conformance/") and parameters else nodeid
