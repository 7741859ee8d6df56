"""Whether PostgreSQL answered, and refused who asked."""

from collections.abc import Iterator


def find_refusal(error: Exception) -> str | None:
    """What the server says where it heard a password, or wanted one, and refused; None where the error is another.

    It, the user or the database is wrong, and the server is not away.
    """
    cause = getattr(error, "orig", None) or error  # psycopg's, in SQLAlchemy's
    connection = getattr(cause, "pgconn", None)
    refused = connection is not None and bool(connection.used_password or connection.needs_password)
    return first_line(error) if refused else None


def has_answered(error: Exception) -> bool:
    """Whether it is the server's word on a statement: a lock, a deadlock, a full disk; and not that it is away."""
    return getattr(getattr(error, "orig", None) or error, "sqlstate", None) is not None


def first_line(error: Exception) -> str:
    """Of what psycopg says; it never names a password."""
    return next(_lines(getattr(error, "orig", None) or error), type(error).__name__)


def _lines(error: Exception) -> Iterator[str]:
    return iter(str(error).strip().splitlines())
