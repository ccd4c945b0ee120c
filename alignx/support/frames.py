"""Tables of values: data frames, and HTML for notebooks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Tabular"]


class Tabular(ABC):
    """Base of values that can be shown as a table.

    Examples
    --------
    >>> class Report(Tabular):
    ...     def records(self):
    ...         return [{"n_pairs": 20, "p@1": 0.5}]
    >>> Report().to_frame()
       n_pairs  p@1
    0       20  0.5
    """

    __slots__ = ()

    @abstractmethod
    def records(self) -> list[dict[str, Any]]:
        """Return the rows of the table: values by name of the column."""

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a pandas DataFrame."""
        import pandas as pd  # takes half a second to import

        return pd.DataFrame.from_records(self.records())

    def _repr_html_(self) -> str:
        """Return the table for a notebook."""
        html: str = self.to_frame().to_html(index=False, float_format="{:.3f}".format, na_rep="")
        return html
