"""Which PostgreSQL the database's server is, and which one this program needs."""

from sqlalchemy import text

MIN_MAJOR = 17
MAJOR = text("SELECT current_setting('server_version_num')::int / 10000")


def find_server_fault(major: int) -> str | None:
    """Why this program cannot work with a server of this version; None where it can."""
    if major >= MIN_MAJOR:
        return None
    return f"The database's server is PostgreSQL {major}, and this needs {MIN_MAJOR} or newer."
