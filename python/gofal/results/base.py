"""What every method returns: a frozen value made of Arrow tables and a provenance.

`tidy` has one row per estimate, `glance` one row in all, `augment` one row per observation where
that makes sense. Families add named tables of their own (`table`). A result checks itself when it
is made and never changes: equal content is equal, hashes alike, pickles, and prints the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

from gofal.language import Text
from gofal.results.claim import Claim
from gofal.results.columns import FORMATS, GLOSSARY, column
from gofal.results.not_available import NotAvailable
from gofal.results.provenance import Provenance
from gofal.results.statistic import Statistic
from gofal.results.tables import digest, into_table, verify
from gofal.typing import FrameKind, Lang

if TYPE_CHECKING:
    import pyarrow as pa

    from gofal.results.sheet import Sheet

__all__ = ["Result"]

_LIKE_ESTIMATE = frozenset(
    ("std_error", "conf_low", "conf_high", "range_low", "range_high", "null_value", "change")
)


class Result:
    """The base of all results; families subclass it and set what is said about the table.

    A subclass may set

    ``_title``
        What the table shows, in both languages.
    ``_notes``
        Sentences printed under every such table.
    ``_figure_kind``
        Kind of figure that `plot` draws; None for none.
    ``_formats``
        Column → format, where the glossary's general one does not serve (a correlation's
        ``estimate`` is ``"fixed3"``).
    ``_hidden``
        Columns left out of the display; `tidy` keeps them.
    ``_about``
        Columns of `glance` said above the table: ``("r_squared", "sigma")``.

    and may override `notes` (notes that depend on the numbers), `title`, and `_prove`.
    """

    __slots__ = ("_digest", "_frame", "_parts", "keys", "provenance")

    _title: ClassVar[Text] = Text("Result", "Canlyniad")
    _notes: ClassVar[tuple[Text, ...]] = ()
    _figure_kind: ClassVar[str | None] = None
    _formats: ClassVar[Mapping[str, str]] = {}
    _hidden: ClassVar[tuple[str, ...]] = ()
    _about: ClassVar[tuple[str, ...]] = ()

    provenance: Provenance
    keys: tuple[str, ...]
    _parts: tuple[tuple[str, pa.Table], ...]
    _frame: FrameKind
    _digest: str

    def __init_subclass__(cls) -> None:
        """Refuse a family that names columns or formats the glossary does not have."""
        super().__init_subclass__()
        for name in (*cls._formats, *cls._hidden, *cls._about):
            column(name)
        for name, shown in cls._formats.items():
            if shown not in FORMATS:
                raise ValueError(f'{cls.__name__}: column "{name}" has no format "{shown}"')

    @classmethod
    def build(
        cls,
        *,
        tidy: Any,
        glance: Any,
        augment: Any = None,
        provenance: Provenance,
        source: Any = None,
        keys: tuple[str, ...] = (),
        extra: Mapping[str, Any] | None = None,
    ) -> Self:
        """Make a result, or refuse to.

        Parameters
        ----------
        tidy, glance, augment
            Tables: a kernel's table, anything with ``__arrow_c_stream__``, or a dict of columns
            (scalars make one row). ``augment`` is None where rows have nothing to say.
        provenance
            The call behind the numbers.
        source
            The table the caller gave; decides the kind of frame that comes back.
        keys
            Columns of the input by which the result is split, allowed beside the glossary's.
        extra
            Further tables by name, read with `table`.

        Raises
        ------
        InputError
            For a column that is not in the glossary.
        GofalError
            When the tables contradict themselves: NaN, limits out of order, a missing estimate
            without a reason, or an identity of the family that does not hold.
        """
        given = {"tidy": tidy, "glance": glance, "augment": augment, **(extra or {})}
        parts = tuple(
            (name, into_table(value)) for name, value in given.items() if value is not None
        )
        for name, table in parts:
            verify(name, table, keys)
        result = cls.__new__(cls)
        frame = getattr(source, "kind", "auto")
        result.__setstate__((parts, provenance, tuple(keys), frame))
        result._prove()
        return result

    def _prove(self) -> None:
        """Check the identities of the family; raise when one does not hold."""

    # Tables out.

    def tidy(self) -> Any:
        """Return one row per estimate, in the caller's own kind of frame."""
        return self.table("tidy")

    def glance(self) -> Any:
        """Return one row about the whole, in the caller's own kind of frame."""
        return self.table("glance")

    def augment(self) -> Any:
        """Return one row per observation, or `NotAvailable` where rows have nothing to say."""
        if "augment" not in dict(self._parts):
            return NotAvailable(f"{self.provenance.function} says nothing about single rows")
        return self.table("augment")

    def table(self, name: str) -> Any:
        """Return a table by name, in the caller's own kind of frame."""
        from gofal.results.frames import into_frame

        return into_frame(self.to_arrow(name), self._frame)

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables this result holds."""
        return tuple(name for name, _ in self._parts)

    def to_arrow(self, which: str = "tidy") -> pa.Table:
        """Return a table as a ``pyarrow.Table``."""
        parts = dict(self._parts)
        if which not in parts:
            self._refuse(f'no table "{which}"; there are {", ".join(parts)}')
        return parts[which]

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Hand `tidy` to any library that reads Arrow streams."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data: columns as lists, provenance as a dict."""
        tables = {name: table.to_pydict() for name, table in self._parts}
        return {"result": type(self).__name__, **tables, "provenance": self.provenance.to_json()}

    # Single numbers out.

    def statistic(
        self, column: str = "estimate", *, where: Mapping[str, Any] | None = None, **match: Any
    ) -> Statistic | NotAvailable:
        """Return one number of `tidy`, with its interval where it is the estimate.

        Parameters
        ----------
        column
            Column to read.
        where, **match
            Values that single out a row: ``statistic(x="wimd", y="rate")``.

        Raises
        ------
        InputError
            When no row matches, or several do.

        Returns
        -------
        Statistic or NotAvailable
            NotAvailable carries the row's ``reason``.
        """
        from gofal.results.lookup import single

        return single(self, column, {**(where or {}), **match})

    def claim(
        self,
        published: str | float,
        *,
        column: str = "estimate",
        where: Mapping[str, Any] | None = None,
        id: str,  # noqa: A002 (the field's name in claims.json)
        text_en: str,
        text_cy: str,
        source: str,
        rounding: str | tuple[float, float] | None = None,
        scale: float = 1.0,
        finding: bool = False,
    ) -> Claim:
        """Compare one number of `tidy` with a published one; see `Claim.check`."""
        return Claim.check(
            published,
            self.statistic(column, where=where),
            id=id,
            text_en=text_en,
            text_cy=text_cy,
            source=source,
            rounding=rounding,
            scale=scale,
            finding=finding,
        )

    # For people.

    def plot(self, **options: Any) -> Any:
        """Draw the figure of this kind of result.

        Parameters
        ----------
        **options
            Options of the figure: ``kind`` where a result has several, ``lang``, ``title``.
        """
        kind = options.pop("kind", self._figure_kind)
        if kind is None:
            self._refuse("there is no figure of this kind of result")
        import importlib

        # The one call upwards: figures stand above results and know them, not the reverse.
        return importlib.import_module("gofal.figures").of(self, kind, **options)

    def title(self) -> Text:
        """Return what the table shows."""
        return self._title

    def notes(self) -> tuple[Text, ...]:
        """Return the sentences under the table."""
        return self._notes

    def format_of(self, column: str) -> str:
        """Return how a column is shown here."""
        if column in self._formats:
            return self._formats[column]
        # What is measured in the unit of the estimate is shown as the estimate is.
        if column in _LIKE_ESTIMATE and "estimate" in self._formats:
            return self._formats["estimate"]
        return GLOSSARY[column].format if column in GLOSSARY else "number"

    def sheet(self, lang: Lang | None = None, max_rows: int | None = None) -> Sheet:
        """Return the table as strings, ready for any medium."""
        from gofal.results.sheet import sheet_of

        return sheet_of(self, lang, max_rows)

    def to_text(self, lang: Lang | None = None) -> str:
        """Return an aligned table for a terminal."""
        return self.sheet(lang).to_text()

    def to_html(self, lang: Lang | None = None) -> str:
        """Return a self-contained HTML table that scrolls on a narrow screen."""
        return self.sheet(lang).to_html()

    def to_latex(self, lang: Lang | None = None) -> str:
        """Return a LaTeX table in the booktabs style."""
        return self.sheet(lang).to_latex()

    def __repr__(self) -> str:
        """Return the text display, cut after forty rows."""
        return self.sheet(max_rows=40).to_text()

    def _repr_html_(self) -> str:
        return self.sheet(max_rows=200).to_html()

    # Value semantics.

    @property
    def digest(self) -> str:
        """Identifier of the content: class, tables and provenance."""
        if not self._digest:
            provenance = repr(self.provenance.to_json())
            name = type(self).__qualname__
            object.__setattr__(self, "_digest", digest(self._parts, name, provenance))
        return self._digest

    def __eq__(self, other: object) -> bool:
        """Return whether the other is the same kind of result with the same content."""
        if not isinstance(other, Result):
            return NotImplemented
        return type(self) is type(other) and self.digest == other.digest

    def __hash__(self) -> int:
        """Hash the content."""
        return int(self.digest[:15], 16)

    def __getstate__(self) -> tuple[Any, ...]:
        return self._parts, self.provenance, self.keys, self._frame

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        names = ("_parts", "provenance", "keys", "_frame", "_digest")
        for name, value in zip(names, (*state, ""), strict=True):
            object.__setattr__(self, name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        return _blank, (type(self),), self.__getstate__()

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse: a result does not change."""
        raise AttributeError(f"{type(self).__name__} is frozen; {name} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        """Refuse: a result does not change."""
        raise AttributeError(f"{type(self).__name__} is frozen; {name} cannot be deleted")

    def _refuse(self, message: str) -> NoReturn:
        from gofal.errors import InputError

        raise InputError(f"{type(self).__name__}: {message}")


def _blank(cls: type[Result]) -> Result:
    return cls.__new__(cls)
