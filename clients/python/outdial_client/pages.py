"""Every item of a list that comes in pages. What is added or removed meanwhile can be seen twice, or be missed."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from itertools import count
from typing import TypeVar

Page = TypeVar("Page")
Item = TypeVar("Item")


def iterate(
    read: Callable[[int], Page], items: Callable[[Page], Sequence[Item]], total: Callable[[Page], int]
) -> Iterator[Item]:
    """The items of the pages 1, 2, … until there are no more."""
    seen = 0
    for number in count(1):
        page = read(number)
        yield from items(page)
        seen += len(items(page))
        if not items(page) or seen >= total(page):
            return


async def iterate_async(
    read: Callable[[int], Awaitable[Page]], items: Callable[[Page], Sequence[Item]], total: Callable[[Page], int]
) -> AsyncIterator[Item]:
    """As `iterate`."""
    seen = 0
    for number in count(1):
        page = await read(number)
        for item in items(page):
            yield item
        seen += len(items(page))
        if not items(page) or seen >= total(page):
            return
